"""Measure what the users did, as far as the split of the rows depends on it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasks.ingest.derived_settings import WINDOW_DAYS, UserActivity

DAY_MS = 86_400_000


def measure(users: DataFrame, day_ends: int, timed_events: bool) -> UserActivity:
    """Count over the users with two likes or more.

    Args:
        users: likes (int64), first and last (ms) of each user's known rows.
        day_ends: seconds since 1970 at which the next day begins.
        timed_events: whether rows are events that all have times.
    """
    lengths = sorted(
        (row["likes"], row["count"]) for row in users.groupBy("likes").count().collect()
    )
    end = day_ends * 1000
    back = {
        days: (F.col("last") >= end - DAY_MS * days) & (F.col("first") < end - DAY_MS * days)
        for days in WINDOW_DAYS
    }
    found = users.agg(
        F.min("first").alias("first"),
        *[F.count_if(did).alias(str(days)) for days, did in back.items()],
    ).first()
    timed = timed_events and found["first"] is not None
    return UserActivity(
        timed,
        sum(number for _, number in lengths),
        _median(lengths),
        (end - found["first"]) / DAY_MS if timed else 0.0,
        {days: found[str(days)] for days in back},
    )


def _median(lengths: list[tuple[int, int]]) -> int:
    """The lower median of lengths with their counts, in order; 0 of none."""
    count, seen = sum(number for _, number in lengths), 0
    for length, number in lengths:
        seen += number
        if 2 * seen >= count:
            return length
    return 0
