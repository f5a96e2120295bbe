"""Verdicts on a row by other rows: unknown items, duplicates, newer rows, copies of events.

Verdicts here are of one day's view: rows of days to come wait, and a row may be superseded by one
that was delivered later.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from tasks.ingest.parse.lines import POSITION
from tasks.ingest.resolve.selection import reaches
from tasks.ingest.rules import Liked

ARRIVAL_ORDER = ("day", *POSITION)  # the order in which rows were delivered
KIND = ("kind",)  # of an event, where the source has kinds
PARTITION_ROWS = 1_000_000
COUNTS = ("later", "unknown_item", "known", "new_later", "new_unknown_item", "new_known", "late")


def count_by_user(
    rows: DataFrame, items: DataFrame, day_ends: int, newest: int, liked: Liked
) -> DataFrame:
    """Count each user's rows by their relation to the day and the catalogue.

    Columns: user and `COUNTS`; of the known rows likes (int64), first and last (ms).

    Args:
        liked: likes are counted where the rule names a number; else every known row counts.
        rows: sound rows of all deliveries.
        items: `id` of every known item, once.
        newest: the delivery (its `day`) whose rows are counted as new; of these, `late` are those
            of an earlier day.
    """
    known = items.select(F.col("id").alias("item"), F.lit(True).alias("is_known"))
    in_time, new = F.col("ms") < day_ends * 1000, F.col("day") == newest
    kinds = {
        "later": ~in_time,
        "unknown_item": in_time & F.col("is_known").isNull(),
        "known": in_time & F.col("is_known").isNotNull(),
    }
    return (
        rows.join(known, "item", "left")
        .groupBy("user")
        .agg(
            *[F.count_if(kind).alias(name) for name, kind in kinds.items()],
            *[F.count_if(kind & new).alias(f"new_{name}") for name, kind in kinds.items()],
            F.count_if(kinds["known"] & _likely(liked)).alias("likes"),
            *[
                of(F.when(kinds["known"], F.col("ms"))).alias(name)
                for name, of in (("first", F.min), ("last", F.max))
            ],
            F.count_if(kinds["known"] & new & (F.col("ms") < (day_ends - 86_400) * 1000)).alias(
                "late"
            ),
        )
    )


def _likely(rule: Liked) -> Column:
    return reaches(rule, F.lit(rule.bound)) if isinstance(rule.bound, float) else F.lit(True)


def join_row_numbers(
    rows: DataFrame,
    items: DataFrame,
    users: DataFrame,
    day_ends: int,
    total: int,
    same: dict[str, int],
) -> DataFrame:
    """The rows of the day and before it with known items, numbered, each user's rows in one part.

    Args:
        items: item, id; users: user, id and further columns, which are carried along.
        total: about how many rows there are.
        same: columns that are alike in all rows, with their value; they need not travel.

    Returns:
        user, item (int), rating, ms, order, perhaps kind, day, file, block, at, and what users
        carry.
    """
    carried = [name for name in users.columns if name not in ("user", "id")]
    there = {*rows.columns, *carried}
    items = items.select(F.col("item").alias("i"), F.col("id").alias("item"))
    users = users.select(F.col("user").alias("u"), F.col("id").alias("user"), *carried)
    joined = rows.where(F.col("ms") < day_ends * 1000).join(items, "item").join(users, "user")
    travels = [
        name
        for name in ("rating", "ms", "order", *KIND, *ARRIVAL_ORDER, *carried)
        if name in there and name not in same
    ]
    spread = joined.select(F.col("u").alias("user"), F.col("i").alias("item"), *travels)
    return spread.repartition(max(1, -(-total // PARTITION_ROWS)), "user").withColumns(
        {name: F.lit(value).cast(dict(rows.dtypes)[name]) for name, value in same.items()}
    )


def find_duplicates(rows: DataFrame, one_day: bool) -> DataFrame:
    """Add the verdict on rows of one user and item: the newest is kept.

    Of equal ones the first that was delivered is kept.

    An older row is `conflicting_duplicate` beside a newer one of its own delivery, and `superseded`
    where that came later. Windows are of a user, whose rows of one item lie together: a window for
    each pair takes several times as long.

    Args:
        one_day: whether all rows are of one delivery, so that none can be superseded.
    """
    order = ("item", F.desc("ms"), F.desc("order"), F.desc("rating"), *ARRIVAL_ORDER)
    own = Window.partitionBy("user").orderBy(*order)
    again = F.coalesce(F.lag("item").over(own) == F.col("item"), F.lit(False))
    alike = [F.lag(name).over(own).eqNullSafe(F.col(name)) for name in ("ms", "order", "rating")]
    rows = rows.withColumns({"_again": again, "_alike": alike[0] & alike[1] & alike[2]})
    older = F.lit("conflicting_duplicate")
    if not one_day:
        of_the_kept = F.last(F.when(~F.col("_again"), F.col("day")), ignorenulls=True).over(own)
        older = F.when(of_the_kept > F.col("day"), "superseded").otherwise(older)
    verdict = F.when(F.col("_again") & F.col("_alike"), "exact_duplicate").when(
        F.col("_again"), older
    )
    return rows.withColumn("verdict", verdict).drop("_again", "_alike")


def find_copies(rows: DataFrame, timed: bool, ordered: bool, one_day: bool) -> DataFrame:
    """Add the verdict on events: of copies the first that was delivered is kept.

    A copy that another delivery brought is `superseded`: whoever delivers everything anew each day
    delivers no bad rows.

    A copy has the user, item, second, kind and order of another row. Rows of one item lie together
    by kind, then by second, so that the row before says whether this one is a copy.

    Without a time or an order a copy looks like a repeat, and is taken for one; so it is where a
    time is a date (midnight, UTC) and no order tells two purchases of a day apart.

    Args:
        timed, ordered: whether every row has a time; an order.
        one_day: whether all rows are of one delivery, so that none can have brought another again.

    Returns:
        The rows with `verdict`, `again` (bool: a row of this user and item precedes this one) and
        `again_alike` (bool: one of the same kind does). Only their sums mean something, since rows
        are not in time order.
    """
    kind = [F.col(name) for name in KIND if name in rows.columns]
    second, order = F.expr("ms div 1000"), F.col("order")
    own = Window.partitionBy("user").orderBy("item", *kind, second, order, "ms", *ARRIVAL_ORDER)
    again = F.coalesce(F.lag("item").over(own) == F.col("item"), F.lit(False))
    alike = again & _as_before(own, *kind, second, order) if timed or ordered else F.lit(False)
    copy = alike if ordered else alike & (F.col("ms") % 86_400_000 != 0)
    verdict = F.when(copy, "exact_duplicate")
    if not one_day:
        first_day = F.last(F.when(~alike, F.col("day")), ignorenulls=True).over(own)
        verdict = F.when(alike & (first_day != F.col("day")), "superseded").when(
            copy, "exact_duplicate"
        )
    return rows.withColumns(
        {"verdict": verdict, "again": again, "again_alike": again & _as_before(own, *kind)}
    )


def _as_before(window: WindowSpec, *columns: Column) -> Column:
    """Whether the row before this one, in the window's order, has the same values."""
    same = F.lit(True)
    for column in columns:
        same = same & F.lag(column).over(window).eqNullSafe(column)
    return same


def find_bots(rows: DataFrame, rows_a_day: int, rows_a_minute: int) -> DataFrame | None:
    """The users (`user`) who act faster than a person can; None when no bound is set."""
    found = None
    for bound, milliseconds in ((rows_a_day, 86_400_000), (rows_a_minute, 60_000)):
        if bound:
            window: Column = F.floor(F.col("ms") / milliseconds)
            fast = (
                rows.groupBy("user", window.alias("window"))
                .count()
                .where(F.col("count") > bound)
                .select("user")
                .distinct()
            )
            found = fast if found is None else found.union(fast).distinct()
    return found
