"""The three tables of a snapshot, as data frames and as Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasks.ingest import catalogue, splits
from tasks.ingest.settings import SnapshotRequest

ROWS_A_FILE = 2_000_000


@dataclass(frozen=True)
class Tables:
    """A snapshot's tables, in the columns that `tasks.core.snapshot` reads.

    Attributes:
        id_types: `integer` or `text`, by table (`items`, `users`).
    """

    interactions: DataFrame
    items: DataFrame
    users: DataFrame
    id_types: dict[str, str]


def selected(rows: DataFrame, items: DataFrame, request: SnapshotRequest) -> tuple[DataFrame, DataFrame]:
    """The kept rows and items that the request wants: liked ones only, frequent items only."""
    rows = rows.withColumn("liked", F.col("rating") >= 4.0)
    if request.liked_only:
        rows = rows.where("liked")
    if request.minimum_item_interactions:
        frequent = rows.groupBy("item").count().where(F.col("count") >= request.minimum_item_interactions).select("item")
        rows = rows.join(frequent, "item", "left_semi")
        items = items.join(frequent.withColumnRenamed("item", "id"), "id", "left_semi")
    return rows, items


def build(rows: DataFrame, items: DataFrame, users: DataFrame | None, request: SnapshotRequest) -> Tables:
    """Number users and items, divide the rows.

    Args:
        rows: kept interactions (user, item, rating, timestamp, order, file, line).
        items: id, title, genres; users: id and attributes, or None where the source has none.
    """
    rows, items = selected(rows, items, request)
    rows = splits.divide(rows, request.split, request.day_ends).cache()
    met = rows.select(F.col("user").alias("id")).distinct()
    types = {"items": catalogue.integers(items), "users": catalogue.integers(met)}
    items = catalogue.numbered_rows(items.select("id", "title", "genres"), "item", types["items"]).cache()
    met = catalogue.numbered_rows(met, "user", types["users"]).cache()
    interactions = (
        rows.withColumnsRenamed({"user": "user_id", "item": "item_id"})
        .join(met.select("user", F.col("id").alias("user_id")), "user_id")
        .join(items.select("item", F.col("id").alias("item_id")), "item_id")
        .select("user", "item", F.col("rating").cast("float").alias("rating"), "timestamp",
                F.col("position").cast("int").alias("position"), "liked", "part"))
    id_types = {name: "integer" if integers else "text" for name, integers in types.items()}
    return Tables(interactions, items, _attributed(met, users), id_types)


def _attributed(met: DataFrame, users: DataFrame | None) -> DataFrame:
    if users is None:
        return met
    names = [name for name in users.columns if name != "id"]
    return met.join(users, "id", "left").select("user", "id", *[F.coalesce(name, F.lit("")).alias(name) for name in names])


def write(table: DataFrame, folder: Path, rows: int, *order: str) -> None:
    """Write a table in as few files as its rows need, each in the order of these columns."""
    files = max(1, -(-rows // ROWS_A_FILE))
    spread = table.coalesce(1) if files == 1 else table.repartitionByRange(files, order[0])
    spread.sortWithinPartitions(*order).write.parquet(folder.as_uri())
    for checksum in folder.glob(".*.crc"):  # our manifest digests every file
        checksum.unlink()
