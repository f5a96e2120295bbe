"""The three tables of a snapshot, as data frames and as Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasks.ingest.parse.spark_paths import save
from tasks.ingest.resolve import selection, splits
from tasks.ingest.rules import Liked, Split
from tasks.ingest.settings import SnapshotRequest


@dataclass(frozen=True)
class Tables:
    """A snapshot's tables, in the columns that `tasks.core.data.snapshot` reads."""

    interactions: DataFrame
    items: DataFrame
    users: DataFrame


def build(
    rows: DataFrame,
    items: DataFrame,
    users: DataFrame,
    request: SnapshotRequest,
    liked: Liked,
    split: Split,
) -> Tables:
    """Say what is liked, leave out what is not wanted, divide the rows.

    Args:
        rows: kept rows (user, item, rating, ms, order, arrival, perhaps bucket), each user's in one
            part.
        items: item, id, title, genres; users: user, id and attributes.
    """
    rows = selection.mark_liked(rows, liked)
    if selection.leaves_rows_out(request):
        rows, items, users = selection.select_rows(rows, items, users, request)
    more = ["session"] if request.sessions.gap_minutes else []
    if more:
        rows = splits.sessions(rows, request.sessions)
    rows = splits.divide(
        rows, split, request.day_ends
    )  # last: it leaves the rows in the order in which they are written
    interactions = rows.select(
        "user",
        "item",
        F.col("rating").cast("float").alias("rating"),
        F.expr("ms div 1000").alias("timestamp"),
        F.col("position").cast("int").alias("position"),
        "liked",
        "part",
        *[F.col(name).cast("int").alias(name) for name in more],
    )
    return Tables(interactions, items.select("item", "id", "title", "genres"), users)


def write(table: DataFrame, folder: Path, *order: str) -> None:
    """Write a table, a file for each of its partitions, each sorted by these columns if any."""
    save((table.sortWithinPartitions(*order) if order else table).write, folder)
