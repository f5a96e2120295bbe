"""Assign each row to a part: train, history, validation or test.

Whatever the method, a user's rows go to their parts in the user's own order: no row of a later
part, and no row after one, is in an earlier part. Cuts are counted over liked rows, since only
those are labels; a row that is not liked goes where its place lies.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tasks.ingest.resolve.relations import ARRIVAL_ORDER
from tasks.ingest.rules import Sessions, Split

ORDERS = {"time": ("ms", *ARRIVAL_ORDER), "given": ("order", *ARRIVAL_ORDER), "file": ARRIVAL_ORDER}
BUCKETS = 1_000_000


def divide(rows: DataFrame, split: Split, day_ends: int) -> DataFrame:
    """Adds position (int32, 0 oldest) and part; each user's rows follow each other by position.

    Args:
        rows: user, ms, order, day, file, block, at, liked; for the method `users` also `bucket`.
    """
    assert split.order and split.method  # both are decided by now
    ordered = Window.partitionBy("user").orderBy(*ORDERS[split.order])
    everything = ordered.rowsBetween(
        Window.unboundedPreceding, Window.unboundedFollowing
    )  # in the same order: sorted once
    so_far = ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    liked = F.col("liked").cast("int")
    rows = rows.select(
        "*",
        (F.row_number().over(ordered) - 1).alias("position"),
        F.sum(liked).over(everything).alias("likes"),
        (F.sum(liked).over(everything) - F.sum(liked).over(so_far)).alias("likes_after"),
    )
    part = {"leave-last-n": _leave_last, "users": _by_user, "temporal": _by_time}[split.method]
    return rows.withColumn("part", part(split, day_ends)).drop("likes", "likes_after")


def _leave_last(split: Split, _: int) -> Column:
    """Counted from the end: `test` likes, then `validation` likes; the rest is learned from."""
    assert split.test is not None and split.validation is not None  # sizes of this method
    after, held_out = F.col("likes_after"), split.test + split.validation
    whole = F.col("likes") <= (0 if split.hold_out_short else held_out)
    return (
        F.when(whole, "train")
        .when(after < split.test, "test")
        .when(after < held_out, "validation")
        .otherwise("train")
    )


def _by_user(split: Split, _: int) -> Column:
    """A hash of the id decides the side, so that a user keeps it from day to day while others come
    and go.
    """
    assert split.test_share is not None and split.validation_share is not None
    assert split.history_share is not None  # sizes of this method
    bucket = F.col("bucket") / BUCKETS
    known = F.floor(F.col("likes") * split.history_share)
    label = (known > 0) & (F.col("likes_after") < F.col("likes") - known)
    side = F.when(bucket < split.test_share, "test").when(
        bucket < split.test_share + split.validation_share, "validation"
    )
    return F.when(side.isNull(), "train").when(label, side).otherwise("history")


def bucket(id: Column, split: Split) -> Column:
    """The number that decides on a user's side, from the id as the source writes it."""
    return F.pmod(F.xxhash64(F.lit(split.seed), id), F.lit(BUCKETS)).cast("int")


def _by_time(split: Split, day_ends: int) -> Column:
    """Two moments, counted back from the end of the day, cut everybody's rows."""
    assert split.test_days is not None and split.validation_days is not None  # of this method
    test = day_ends - 86_400 * split.test_days
    validation = test - 86_400 * split.validation_days
    return (
        F.when(F.col("ms") >= test * 1000, "test")
        .when(F.col("ms") >= validation * 1000, "validation")
        .otherwise("train")
    )


def sessions(rows: DataFrame, rule: Sessions) -> DataFrame:
    """Add session (int32, from 0 within each user): a silence longer than the gap begins one."""
    own = Window.partitionBy("user").orderBy("ms", *ARRIVAL_ORDER)
    begins = (F.col("ms") - F.lag("ms").over(own) > F.lit(int(rule.gap_minutes * 60_000))).cast(
        "int"
    )
    return (
        rows.withColumn("_begins", F.coalesce(begins, F.lit(0)))
        .withColumn("session", F.sum("_begins").over(own).cast("int"))
        .drop("_begins")
    )
