"""The step *resolve*: rows of all deliveries become the numbered, divided tables of one day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasks.core.cli.log import log, say
from tasks.ingest.derived_settings import DerivedSetting
from tasks.ingest.parse.delivery import ParsedDelivery, read_rows
from tasks.ingest.resolve import catalogue, row_numbers, tables
from tasks.ingest.resolve.catalogue import CatalogueRows
from tasks.ingest.resolve.interactions import Interactions
from tasks.ingest.settings import SnapshotRequest
from tasks.ingest.sources import Source

NOT_ATTRIBUTES = ("id", "raw", "verdict", "day", "file", "block", "at")


@dataclass(frozen=True)
class Resolved:
    """The rows of a day in their relations, with the three tables written.

    Attributes:
        catalogues: `items` and `users`, as far as the source has them.
        folder: holds `interactions/`, `items/` and `users/`.
        item_id_type, user_id_type: `integer` or `text`.
        cut_items: items with more of a title or more genres than the request allows.
    """

    interactions: Interactions
    catalogues: dict[str, CatalogueRows]
    folder: Path
    item_id_type: str
    user_id_type: str
    cut_items: int


def resolve(
    spark: SparkSession,
    request: SnapshotRequest,
    source: Source,
    deliveries: dict[str, list[ParsedDelivery]],
    earlier_split: DerivedSetting | None,
    folder: Path,
) -> Resolved:
    """Relate the rows, number items and users, divide the rows, and write the tables.

    Args:
        deliveries: by table, oldest first.
        earlier_split: how an earlier day decided to divide its rows; None if none has.
        folder: where the tables are written.
    """
    say("step 3 of 4: relating and writing the rows")
    catalogues = {
        name: CatalogueRows(spark, ones)
        for name, ones in deliveries.items()
        if name != "interactions"
    }
    known = (
        catalogues["items"].kept
        if "items" in catalogues
        else _items_of(spark, request, deliveries["interactions"])
    )
    items = row_numbers.number_rows(catalogue.cut_texts(known, request), "item")
    rows = Interactions(
        spark, request, deliveries["interactions"], items.table, source, earlier_split
    )
    split = rows.split
    log("ingest.decided", setting="split", because=split.because, **split.value.fields())
    attributes = catalogues["users"].kept if "users" in catalogues else None
    users = _with_attributes(rows.users, attributes)
    _write(tables.build(rows.kept, items.table, users, request, rows.liked, split.value), folder)
    cut_items = items.table.where("cut").count()
    log("ingest.written", cut_items=cut_items)
    return Resolved(rows, catalogues, folder, items.type, rows.numbered_users.type, cut_items)


def _write(made: tables.Tables, folder: Path) -> None:
    tables.write(made.interactions, folder / "interactions")
    tables.write(made.items, folder / "items", "item")
    tables.write(made.users.drop("bucket"), folder / "users", "user")


def _items_of(
    spark: SparkSession, request: SnapshotRequest, deliveries: list[ParsedDelivery]
) -> DataFrame:
    """A catalogue from the rows, for a source that has none."""
    rows = (
        read_rows(spark, deliveries)
        .where("verdict is null")
        .where(F.col("ms") < request.day_ends * 1000)
    )
    return catalogue.from_interactions(rows).persist()


def _with_attributes(users: DataFrame, catalogue: DataFrame | None) -> DataFrame:
    """The users with the attributes of the source's table, "" where it does not know them."""
    if catalogue is None:
        return users
    names = [name for name in catalogue.columns if name not in NOT_ATTRIBUTES]
    return users.join(catalogue.select("id", *names), "id", "left").select(
        *users.columns, *[F.coalesce(F.col(f"`{name}`"), F.lit("")).alias(name) for name in names]
    )
