"""A day compared with earlier days: volume, new users and items, ratings, popularity.

Spark counts in two passes over a few columns; what it hands back stays small, however large the
data. The rest is arithmetic (see `shift`).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

import numpy as np
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from tasks.ingest.assess import classes, shift
from tasks.ingest.assess.classes import Classes

DAY_SECONDS = 86_400
MIN_DAYS = 7  # with rows, before a day is compared with them
MIN_IDS = 10  # users or items: fewer say nothing about a share
MIN_EFFECTIVE_ROWS = 5  # rows: what fewer tastes than these agree on is no drift
WEEK_DAYS = 7

Shares = list[tuple[str, float, float]]


@dataclass(frozen=True)
class DriftChart:
    """Data for the chart of a day beside the days before it.

    Attributes:
        days: date and rows, oldest first; the last is the day itself.
        ratings, popularity: class, its share of the day's rows, its share of the trailing rows.
    """

    days: list[tuple[str, int]]
    ratings: Shares = field(default_factory=list)
    popularity: Shares = field(default_factory=list)


def compare_with_trailing_days(
    interactions: DataFrame, day_starts: int, day_ends: int, days: int = 28
) -> tuple[dict, DriftChart]:
    """The figures of the day against its trailing days, and the picture of them.

    Args:
        interactions: the snapshot's rows: user and item (int32 rows), rating (may be null),
            timestamp (seconds).
        days: how many days before the day it is compared with.

    Returns:
        `items_with_rows` (of the whole history), `rows_of_day`, `trailing_days` (those with rows),
        `trailing_median_rows` (over those), `volume_ratio`, `volume_surprise`, `new_user_share`,
        `new_item_share` (of the day's users and items, those that no earlier row has),
        `rating_drift`, `popularity_drift` (see `shift.drift`), `days_missing` (of the 7 before,
        those without rows). None where there is too little to compare: fewer than 7 days with rows,
        10 users or items, or 5 independent rows.
    """
    rows = interactions.where(F.col("timestamp") < day_ends)
    trailing_starts = day_starts - days * DAY_SECONDS
    counted = _by_day_and_rating(rows.where(F.col("timestamp") >= trailing_starts), day_ends)
    users, popularity = _by_user_and_item(rows, day_starts, trailing_starts)
    ages, sizes = [row["age"] for row in counted], [row["rows"] for row in counted]
    by_day = np.bincount(ages, sizes, days + 1).astype(int)
    ratings = classes.by_rating([(row["rating"], row["age"] == 0, row["rows"]) for row in counted])
    tenths = classes.by_popularity(popularity)
    age = 0 if users["first"] is None else max(day_starts - users["first"], 0)
    known = min(days, -(-age // DAY_SECONDS))
    figures = (
        _volume(by_day, known)
        | _newcomers(users, popularity, by_day)
        | {
            "items_with_rows": sum(row["ids"] for row in popularity),
            "rating_drift": _drift(ratings, users, by_day),
            "popularity_drift": _drift(tenths, users, by_day),
        }
    )
    return figures, _picture(by_day, day_starts, ratings, tenths)


def _by_day_and_rating(rows: DataFrame, day_ends: int) -> list[Row]:
    """Rows by day (0 is the day itself) and rating.

    Ratings are rounded to two digits, so that the answer stays small.
    """
    age = F.floor((F.lit(day_ends - 1) - F.col("timestamp")) / DAY_SECONDS).cast("int")
    rating = F.col("rating").cast("double")
    digit = F.pow(F.lit(10.0), F.floor(F.log10(F.abs(rating))) - 1)
    rounded = F.when(rating == 0, 0.0).otherwise(F.round(rating / digit) * digit)
    return (
        rows.groupBy(age.alias("age"), rounded.alias("rating"))
        .agg(F.count("*").alias("rows"))
        .collect()
    )


def _by_user_and_item(
    rows: DataFrame, day_starts: int, trailing_starts: int
) -> tuple[Row, list[Row]]:
    """One row over all users, and one row for each popularity of items, in one job.

    A popularity is a number of trailing rows, so there are at most about the root of twice the
    trailing rows.
    """
    of_day = F.col("timestamp") >= day_starts
    counts = (
        F.min("timestamp").alias("first"),
        F.sum(of_day.cast("int")).alias("day"),
        F.sum((~of_day & (F.col("timestamp") >= trailing_starts)).cast("int")).alias("trailing"),
    )
    met = (
        F.sum((F.col("day") > 0).cast("int")).alias("met"),
        F.sum((F.col("first") >= day_starts).cast("int")).alias("new"),
        F.count("*").alias("ids"),
        F.sum("day").alias("day"),
    )
    squares = [
        F.sum(F.col(side).cast("double") ** 2).alias(f"{side}_squares")
        for side in ("day", "trailing")
    ]
    users = rows.groupBy("user").agg(*counts).agg(*met, *squares, F.min("first").alias("first"))
    items = (
        rows.groupBy("item").agg(*counts).groupBy(F.col("trailing").alias("popularity")).agg(*met)
    )
    collected = users.unionByName(items, allowMissingColumns=True).collect()
    return next(row for row in collected if row["popularity"] is None), [
        row for row in collected if row["popularity"] is not None
    ]


def _volume(by_day: np.ndarray, known: int) -> dict:
    """Of the days before, only the `known` ones count that are not older than the source."""
    before = by_day[1 : 1 + known]
    met = before[before > 0]
    median = float(np.median(met)) if len(met) else None
    enough = len(met) >= MIN_DAYS
    return {
        "rows_of_day": int(by_day[0]),
        "trailing_days": len(met),
        "trailing_median_rows": median,
        "volume_ratio": float(by_day[0] / median) if enough else None,
        "volume_surprise": shift.surprise(int(by_day[0]), before) if enough else None,
        "days_missing": int((before[:WEEK_DAYS] == 0).sum()) if known else None,
    }


def _newcomers(users: Row, popularity: list[Row], by_day: np.ndarray) -> dict:
    def share(new: int | None, met: int | None) -> float | None:
        if new is None or met is None or met < MIN_IDS or not _enough_days(by_day):
            return None
        return new / met

    return {
        "new_user_share": share(users["new"], users["met"]),
        "new_item_share": share(
            sum(row["new"] for row in popularity), sum(row["met"] for row in popularity)
        ),
    }


def _enough_days(by_day: np.ndarray) -> bool:
    return int((by_day[1:] > 0).sum()) >= MIN_DAYS


def _drift(counts: Classes, users: Row, by_day: np.ndarray) -> float | None:
    if not _enough_days(by_day):
        return None
    day = shift.effective_rows(float(by_day[0]), users["day_squares"])
    before = shift.effective_rows(float(by_day[1:].sum()), users["trailing_squares"])
    return (
        shift.drift(counts.day, counts.before, day, before)
        if min(day, before) >= MIN_EFFECTIVE_ROWS
        else None
    )


def _picture(by_day: np.ndarray, day_starts: int, *counts: Classes) -> DriftChart:
    first = datetime.datetime.fromtimestamp(day_starts, datetime.UTC).date()
    days = [
        ((first - datetime.timedelta(days=age)).isoformat(), int(by_day[age]))
        for age in reversed(range(len(by_day)))
    ]
    return DriftChart(
        days, *(one.shares() if _enough_days(by_day) and by_day[0] else [] for one in counts)
    )
