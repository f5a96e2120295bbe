"""The catalogue: items and users as the deliveries up to the day describe them, one row an id."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tasks.ingest.reading.lines import PLACE

DUPLICATE = "duplicate_id"


def related(rows: DataFrame) -> DataFrame:
    """The sound rows of all deliveries of a catalogue, with the verdict that other rows bring.

    Within a delivery the first row of an id is kept and the others are set aside; a newer delivery supersedes an older one.
    """
    within = F.row_number().over(Window.partitionBy("id", "day").orderBy(*PLACE))
    newest = F.max("day").over(Window.partitionBy("id"))
    verdict = F.when(within > 1, DUPLICATE).when(F.col("day") < newest, "superseded")
    return rows.withColumn("verdict", verdict)


def met(interactions: DataFrame) -> DataFrame:
    """A catalogue of what was met, for a source that has none: id, title (the id), genres (none)."""
    ids = interactions.select(F.col("item").alias("id")).distinct()
    return ids.select("id", F.col("id").alias("title"), F.array().cast("array<string>").alias("genres"))
