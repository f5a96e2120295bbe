"""The catalogue: items and users as the source describes them, one row an id."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tasks.ingest.examine import Shape
from tasks.ingest.lines import PLACE, cut, numbered
from tasks.ingest.sources import Source

INTEGER = "^(0|[1-9][0-9]{0,17})$"  # an id that a number gives back exactly as it was written


def items(spark: SparkSession, source: Source, shape: Shape) -> DataFrame:
    """id, title, genres (array of strings), with verdict, raw, file, line."""
    rows = _read(spark, source, shape)
    return rows.select("id", source.title().alias("title"), source.genres().alias("genres"), "verdict", "raw", *PLACE)


def users(spark: SparkSession, source: Source, shape: Shape) -> DataFrame:
    """id and its attributes as strings, with verdict, raw, file, line."""
    return _read(spark, source, shape).select("id", *source.attributes, "verdict", "raw", *PLACE)


def _read(spark: SparkSession, source: Source, shape: Shape) -> DataFrame:
    rows = cut(numbered(spark, source.folder / shape.table.file), shape)
    verdict = F.when(F.col("fault").isNotNull(), F.col("fault")).when(F.col("id") == "", "missing_id")
    rows = rows.withColumn("verdict", verdict)
    sound = F.when(F.col("verdict").isNull(), 0).otherwise(1)  # a broken row must not take the id of a sound one
    place = F.row_number().over(Window.partitionBy("id").orderBy(sound, *PLACE))
    return rows.withColumn("verdict", F.coalesce("verdict", F.when(place > 1, "duplicate_id")))


def numbered_rows(table: DataFrame, name: str, integers: bool) -> DataFrame:
    """The table with a dense int32 row `name` from 0, in the order of its ids: as numbers when all are, else as text."""
    key: Column = F.col("id").try_cast("bigint") if integers else F.col("id")
    row = (F.row_number().over(Window.orderBy(key)) - 1).cast("int")
    return table.select(row.alias(name), "*")


def integers(ids: DataFrame) -> bool:
    """Whether every id is a plain whole number."""
    return bool(ids.select(F.bool_and(F.col("id").rlike(INTEGER))).first()[0])
