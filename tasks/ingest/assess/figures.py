"""Figures of the batch, which a suite of expectations may name; measured on what was written."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasks.ingest.parse.spark_paths import to_read
from tasks.ingest.resolve.accounts import Accounts
from tasks.ingest.settings import SnapshotRequest

HISTOGRAM_RATINGS = 21
PARTS = ("train", "history", "validation", "test")


@dataclass(frozen=True)
class RowCounts:
    """Interactions as they were counted on the way to the written tables.

    Attributes:
        all, newest: the accounts over all deliveries, and over the newest alone.
        late: rows of the newest delivery that are of an earlier day.
        bot_rows: rows of users who act faster than a person can.
        previous: rows kept by the newest snapshot of an earlier day; None if there is none.
    """

    all: Accounts
    newest: Accounts
    late: int
    bot_rows: int
    previous: int | None


def _totals(interactions: DataFrame) -> dict:
    """Sums over all users; 0 for sums over none."""
    one = (
        _by_user(interactions)
        .agg(
            F.count("*").alias("users"),
            F.sum("rows").alias("interactions"),
            F.sum("likes").alias("likes"),
            F.sum("rated").alias("rated"),
            F.max("rows").alias("longest_user"),
            F.sum("rating").alias("rating"),
            F.sum("square").alias("square"),
            F.min("first").alias("first_timestamp"),
            F.max("last").alias("last_timestamp"),
            *[F.sum(part).alias(f"{part}_rows") for part in PARTS],
            *[
                F.count_if(F.col(f"{part}_likes") > 0).alias(f"{part}_users")
                for part in ("validation", "test")
            ],
            F.bit_xor("mixed").alias("mixed"),
            F.sum("summed").alias("summed"),
        )
        .first()
        .asDict()
    )
    return {name: value if value is not None else 0 for name, value in one.items()}


def measure(interactions: DataFrame, items: DataFrame, request: SnapshotRequest) -> dict:
    """The written tables in numbers."""
    one = _totals(interactions)
    titles = items.agg(
        F.count("*").alias("items"), F.count_if(F.col("title") != "").alias("titled")
    ).first()
    rows, rated = one["interactions"], max(one.pop("rated"), 1)
    mean = one.pop("rating") / rated
    variance = one.pop("square") / rated - mean**2
    return one | {
        "digest": f"{one.pop('mixed') & (2**64 - 1):016x}{one.pop('summed'):x}",
        "items": titles["items"],
        "titled_share": titles["titled"] / max(titles["items"], 1),
        "liked_share": one.pop("likes") / max(rows, 1),
        "rating_mean": mean,
        "rating_sd": max(variance, 0.0) ** 0.5,
        "longest_user_share": one.pop("longest_user") / max(rows, 1),
        "days_since_last_row": max(request.day_ends - 1 - one["last_timestamp"], 0) // 86_400,
    }


def _by_user(rows: DataFrame) -> DataFrame:
    parts = {part: F.col("part") == part for part in PARTS}
    digest = F.xxhash64("user", "item", "rating", "timestamp", "position", "liked", "part")
    rating = F.col("rating").cast("double")
    return rows.groupBy("user").agg(
        F.count("*").alias("rows"),
        F.count_if("liked").alias("likes"),
        F.count("rating").alias("rated"),
        F.sum(rating).alias("rating"),
        F.sum(rating * rating).alias("square"),
        F.bit_xor(digest).alias("mixed"),
        F.sum(digest.bitwiseAND(0xFFFFFFFF)).alias("summed"),
        F.min("timestamp").alias("first"),
        F.max("timestamp").alias("last"),
        *[F.count_if(is_part).alias(part) for part, is_part in parts.items()],
        *[
            F.count_if(parts[part] & F.col("liked")).alias(f"{part}_likes")
            for part in ("validation", "test")
        ],
    )


def account_figures(counts: RowCounts) -> dict:
    """The accounts in numbers; shares are of the newest delivery, which is what is assessed."""
    new = counts.newest
    judged = max(new.rows_in - new.later, 1)
    duplicates = sum(n for reason, n in new.reasons.items() if reason.endswith("_duplicate"))
    return {
        "rows_in": new.rows_in,
        "kept": new.kept,
        "later": new.later,
        "quarantined": new.quarantined,
        "quarantined_share": new.quarantined_share,
        "duplicate_share": duplicates / judged,
        "late_share": counts.late / judged,
        "bot_rows_share": counts.bot_rows / max(counts.all.kept, 1),
        "rows_against_previous": counts.all.kept / counts.previous if counts.previous else None,
    }


def histogram(interactions: DataFrame) -> list[tuple[float | None, int]]:
    """The most frequent ratings with their counts, in the order of the ratings."""
    counts = (
        interactions.where("rating is not null")
        .groupBy("rating")
        .count()
        .orderBy(F.desc("count"), "rating")
        .limit(HISTOGRAM_RATINGS)
        .collect()
    )
    return sorted((row["rating"], row["count"]) for row in counts)


def read(spark: SparkSession, folder) -> DataFrame:
    """A table as it was written."""
    return spark.read.parquet(to_read(folder))


def date(second: int) -> str:
    """The day (UTC) of a moment."""
    return datetime.datetime.fromtimestamp(second, datetime.UTC).date().isoformat()
