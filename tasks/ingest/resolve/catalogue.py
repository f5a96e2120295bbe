"""The catalogue: items and users as the deliveries up to the day describe them, one row an id."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tasks.ingest.parse.lines import PLACE
from tasks.ingest.settings import SnapshotRequest

DUPLICATE = "duplicate_id"


def related(rows: DataFrame) -> DataFrame:
    """The sound rows of all deliveries of a catalogue, with the verdict that other rows bring.

    Within a delivery the first row of an id is kept and the others are set aside; a newer delivery
    supersedes an older one.
    """
    within = F.row_number().over(Window.partitionBy("id", "day").orderBy(*PLACE))
    newest = F.max("day").over(Window.partitionBy("id"))
    verdict = F.when(within > 1, DUPLICATE).when(F.col("day") < newest, "superseded")
    return rows.withColumn("verdict", verdict)


def bounded(items: DataFrame, request: SnapshotRequest) -> DataFrame:
    """The rows with titles and genres no longer, and no more genres, than the request allows;
    `cut`: whether something was left out.
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


def met(interactions: DataFrame) -> DataFrame:
    """A catalogue of what was met, for a source that has none: id, title (the id), genres
    (none).
    """
    ids = interactions.select(F.col("item").alias("id")).distinct()
    return ids.select(
        "id", F.col("id").alias("title"), F.array().cast("array<string>").alias("genres")
    )
