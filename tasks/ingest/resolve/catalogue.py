"""The catalogue: items and users as the deliveries up to the day describe them, one row an id."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tasks.ingest.parse.delivery import ParsedDelivery, read_rows, row_counts
from tasks.ingest.parse.lines import POSITION
from tasks.ingest.resolve import accounts, quarantine
from tasks.ingest.resolve.accounts import Accounts
from tasks.ingest.settings import SnapshotRequest

DUPLICATE = "duplicate_id"


@dataclass(frozen=True)
class CatalogueRows:
    """All deliveries of the items or of the users, and the newest row of each id."""

    spark: SparkSession
    deliveries: list[ParsedDelivery]

    @cached_property
    def rows(self) -> DataFrame:
        """All rows, valid and invalid."""
        return read_rows(self.spark, self.deliveries)

    @cached_property
    def related(self) -> DataFrame:
        """The valid rows with their verdict, see `resolve_ids`."""
        return resolve_ids(self.rows.where("verdict is null")).persist()

    @property
    def kept(self) -> DataFrame:
        """One row for each id."""
        return self.related.where("verdict is null")

    def close_accounts(self) -> Accounts:
        """Where every row has gone.

        Raises:
            RuntimeError: a row is lost or counted twice.
        """
        table = self.deliveries[0].table
        rows_in, sound, reasons = row_counts([one.facts for one in self.deliveries])
        counts = {
            row["verdict"]: row["count"]
            for row in self.related.groupBy("verdict").count().collect()
        }
        if sound != sum(counts.values()):
            raise RuntimeError(
                f"the accounts of the {table} do not close: {sound} sound rows, {counts}"
            )
        kept, superseded = counts.pop(None, 0), counts.pop("superseded", 0)
        return accounts.close_accounts(
            table, rows_in, kept, superseded=superseded, reasons=reasons | counts
        )

    def invalid_rows(self) -> DataFrame | None:
        """The rows left out, see `quarantine.with_locations`; None if there are none."""
        invalid = quarantine.invalid_rows(self.rows, self.deliveries)
        twice = self.related.where(F.col("verdict") == DUPLICATE)
        if twice.limit(1).count():
            twice = quarantine.with_raw_bytes(
                twice.withColumnRenamed("verdict", "reason"), self.rows
            )
            invalid = twice if invalid is None else invalid.unionByName(twice)
        if invalid is None:
            return None
        return quarantine.with_locations(self.spark, invalid, self.deliveries)


def resolve_ids(rows: DataFrame) -> DataFrame:
    """The sound rows of all deliveries of a catalogue, with the verdict that other rows bring.

    Within a delivery the first row of an id is kept and the others are set aside; a newer delivery
    supersedes an older one.
    """
    within = F.row_number().over(Window.partitionBy("id", "day").orderBy(*POSITION))
    newest = F.max("day").over(Window.partitionBy("id"))
    verdict = F.when(within > 1, DUPLICATE).when(F.col("day") < newest, "superseded")
    return rows.withColumn("verdict", verdict)


def cut_texts(items: DataFrame, request: SnapshotRequest) -> DataFrame:
    """Cut titles, genres and their number to what the request allows.

    `cut` says whether something was left out of the row.
    """
    title = _cut(F.col("title"), request.title_characters)
    genres = F.transform(
        F.slice("genres", 1, request.genres_of_item),
        lambda genre: _cut(genre, request.title_characters),
    )
    cut = ~title.eqNullSafe(F.col("title")) | ~genres.eqNullSafe(F.col("genres"))
    return items.select("id", title.alias("title"), genres.alias("genres"), cut.alias("cut"))


def _cut(text: Column, most: int) -> Column:
    return F.when(
        F.length(text) > most, F.concat(F.substring(text, 1, most - 1), F.lit("…"))
    ).otherwise(text)


def from_interactions(interactions: DataFrame) -> DataFrame:
    """A catalogue for a source that has none, of the items in its rows.

    Returns:
        id, title (the id again), genres (an empty list).
    """
    ids = interactions.select(F.col("item").alias("id")).distinct()
    return ids.select(
        "id", F.col("id").alias("title"), F.array().cast("array<string>").alias("genres")
    )
