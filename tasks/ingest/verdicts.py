"""A verdict for every row: null (kept), `later` (of a day to come) or the reason for which it is set aside.

A row has one reason, the first that applies in the order of `REASONS`, so that the accounts close.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tasks.ingest.lines import PLACE
from tasks.ingest.sources import Source

LATER = "later"
REASONS = {
    "broken_encoding": "bytes that the file's encoding cannot hold",
    "truncated_line": "the last line lacks its end: the file was cut off there",
    "wrong_number_of_fields": "more or fewer fields than the layout has",
    "unparsable_timestamp": "the timestamp is no whole number of seconds",
    "before_epoch": "a timestamp from before the source existed",
    "in_future": "a timestamp that has not come yet",
    "missing_id": "no user or no item",
    "unparsable_rating": "the rating is no number",
    "out_of_range_rating": "a rating that the source does not have",
    "unparsable_order": "the place in the user's order is no whole number",
    "unknown_item": "an item that the catalogue lacks",
    "exact_duplicate": "the same row again; the first is kept",
    "conflicting_duplicate": "another row of this user and item; the newest is kept",
    "duplicate_id": "another row of the catalogue has this id; the first is kept",
}
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
WHOLE = r"^-?[0-9]{1,18}(\.0*)?$"


def judge(cut: DataFrame, catalogue: DataFrame, source: Source, day_ends: int, now: int) -> DataFrame:
    """One schema for every source, with a verdict.

    Args:
        cut: lines as fields named user, item, rating, timestamp and perhaps order, with `fault`.
        catalogue: `id` of every known item, once.
        day_ends: the first second that is not of the day.
        now: the first second that has not come yet.

    Returns:
        user, item (strings), rating (double), timestamp (seconds; 0 where the source has none), order (0 likewise),
        raw, file, line, verdict.
    """
    known = catalogue.select(F.col("id").alias("item"), F.lit(True).alias("known"))
    rows = _typed(cut, source).join(known, "item", "left").withColumn("verdict", _alone(source, day_ends, now))
    rows = rows.withColumn("verdict", _beside_others())
    return rows.select("user", "item", "rating", F.coalesce("timestamp", F.lit(0)).alias("timestamp"),
                       F.coalesce("order", F.lit(0)).alias("order"), "raw", *PLACE, "verdict")


def _typed(cut: DataFrame, source: Source) -> DataFrame:
    order = F.col("order") if source.ordered else F.lit("0")
    return cut.select(
        "raw", *PLACE, "fault", "user", "item", F.col("timestamp").alias("stamp"), F.col("rating").alias("stars"),
        F.when(F.col("rating").rlike(NUMBER), F.col("rating").try_cast("double")).alias("rating"),
        whole(F.col("timestamp")).alias("timestamp"), whole(order).alias("order"))


def whole(text: Column) -> Column:
    """A string as a whole number of up to 18 digits (also written `12.0`), else null."""
    return F.when(text.rlike(WHOLE), F.regexp_replace(text, r"\.0*$", "").try_cast("bigint"))


def _alone(source: Source, day_ends: int, now: int) -> Column:
    """What a row's own fields say. Later rows wait unjudged for their day."""
    low, high = source.rating_range
    timeless = F.lit(False) if source.timed else F.col("stamp") == ""
    verdict = F.when(F.col("fault").isNotNull(), F.col("fault"))
    for reason, applies in (
            ("unparsable_timestamp", F.col("timestamp").isNull() & ~timeless),
            ("before_epoch", F.col("timestamp") < source.first_second),
            ("in_future", F.col("timestamp") >= now),
            (LATER, F.col("timestamp") >= day_ends),
            ("missing_id", (F.col("user") == "") | (F.col("item") == "")),
            ("unparsable_rating", F.col("rating").isNull()),
            ("out_of_range_rating", ~F.col("rating").between(low, high)),
            ("unparsable_order", F.col("order").isNull()),
            ("unknown_item", F.col("known").isNull())):
        verdict = verdict.when(applies, reason)
    return verdict


def _beside_others() -> Column:
    """What the other rows of the same user and item say: one shuffle serves both windows."""
    key = F.when(F.col("verdict").isNull(), F.struct(F.coalesce("timestamp", F.lit(0)), F.coalesce("order", F.lit(0)), "rating"))
    pair = Window.partitionBy("user", "item")
    before = F.lag(key).over(pair.orderBy(key, *PLACE))
    return (F.when(F.col("verdict").isNotNull(), F.col("verdict"))
            .when(before == key, "exact_duplicate")
            .when(key < F.max(key).over(pair), "conflicting_duplicate"))
