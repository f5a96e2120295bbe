"""The batch in figures, which a suite of expectations may speak of: taken from what was written, not from what was meant."""

from __future__ import annotations

import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasks.ingest.accounts import Accounts
from tasks.ingest.settings import SnapshotRequest

BARS = 21


def measure(interactions: DataFrame, items: DataFrame, accounts: Accounts, request: SnapshotRequest) -> dict:
    """One row of figures, a number each.

    Args:
        interactions, items: the tables as written.
    """
    one = _by_user(interactions, request.day_starts).agg(
        F.count("*").alias("users"), F.sum("rows").alias("interactions"), F.sum("likes").alias("likes"),
        F.max("rows").alias("longest_user"), F.sum("rating").alias("rating"), F.sum("square").alias("square"),
        F.min("first").alias("first_timestamp"), F.max("last").alias("last_timestamp"), F.sum("of_day").alias("rows_of_day"),
        *[F.sum(part).alias(f"{part}_rows") for part in ("train", "history", "validation", "test")],
        *[F.sum((F.col(f"{part}_likes") > 0).cast("int")).alias(f"{part}_users") for part in ("validation", "test")],
        F.sum("digest").cast("string").alias("digest")).first().asDict()
    titles = items.agg(F.count("*").alias("items"), F.sum((F.col("title") != "").cast("int")).alias("titled")).first()
    return _derived(one, titles, interactions.select("item").distinct().count(), accounts, request)


def _by_user(rows: DataFrame, day_starts: int) -> DataFrame:
    def when(condition):
        return F.sum(condition.cast("int"))

    parts = {part: F.col("part") == part for part in ("train", "history", "validation", "test")}
    digest = F.xxhash64("user", "item", "rating", "timestamp", "position", "liked", "part").cast("decimal(38,0)")
    return rows.groupBy("user").agg(
        F.count("*").alias("rows"), when(F.col("liked")).alias("likes"), F.sum(F.col("rating").cast("double")).alias("rating"),
        F.sum(F.col("rating").cast("double") ** 2).alias("square"), F.sum(digest).alias("digest"),
        F.min("timestamp").alias("first"), F.max("timestamp").alias("last"),
        when(F.col("timestamp") >= day_starts).alias("of_day"),
        *[when(is_part).alias(part) for part, is_part in parts.items()],
        *[when(parts[part] & F.col("liked")).alias(f"{part}_likes") for part in ("validation", "test")])


def _derived(one: dict, titles, items_with_rows: int, accounts: Accounts, request: SnapshotRequest) -> dict:
    rows = one["interactions"] or 0
    mean = one.pop("rating") / rows if rows else 0.0
    variance = one.pop("square") / rows - mean**2 if rows else 0.0
    duplicates = sum(n for reason, n in accounts.reasons.items() if reason.endswith("_duplicate"))
    return {name: value if value is not None else 0 for name, value in one.items()} | {
        "rows_in": accounts.rows_in, "kept": accounts.kept, "later": accounts.later, "quarantined": accounts.quarantined,
        "quarantined_share": accounts.quarantined_share,
        "duplicate_share": duplicates / max(accounts.kept + accounts.quarantined, 1),
        "interactions": rows, "items": titles["items"], "items_with_rows": items_with_rows,
        "titled_share": (titles["titled"] or 0) / max(titles["items"], 1), "liked_share": (one.pop("likes") or 0) / max(rows, 1),
        "rating_mean": mean, "rating_sd": max(variance, 0.0) ** 0.5,
        "longest_user_share": (one.pop("longest_user") or 0) / max(rows, 1),
        "days_since_last_row": max(request.day_ends - 1 - (one["last_timestamp"] or 0), 0) // 86_400}


def histogram(interactions: DataFrame) -> list[tuple[float, int]]:
    """The most frequent ratings with their counts, in the order of the ratings."""
    counts = interactions.groupBy("rating").count().orderBy(F.desc("count"), "rating").limit(BARS).collect()
    return sorted((row["rating"], row["count"]) for row in counts)


def read(spark: SparkSession, folder) -> DataFrame:
    """A table as it was written."""
    return spark.read.parquet(folder.as_uri())


def date(second: int) -> str:
    """The day (UTC) of a moment."""
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc).date().isoformat()
