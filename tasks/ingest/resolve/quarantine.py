"""Quarantine: every row that a snapshot left aside, as it stood in its file, with the reason and
its place there.

quarantine/<dataset>/<day>/<snapshot id>/rows/reason=<reason>/*.parquet     table, delivery, file,
line, raw
                                         summary.json                      rows by table and reason
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tasks.ingest.parse import lines, row_checks
from tasks.ingest.parse.delivery import day_of
from tasks.ingest.parse.spark_paths import save, to_read
from tasks.ingest.resolve.relations import ARRIVAL


@dataclass(frozen=True)
class Delivered:
    """A delivery as it lies on the disk, kept already or in the making."""

    table: str
    name: str
    folder: Path
    facts: dict

    @property
    def day(self) -> int:
        """Its name as the rows carry it."""
        return day_of(self.name)


def rows(spark: SparkSession, delivered: list[Delivered], evolving: bool = False) -> DataFrame:
    """All rows of some deliveries of one table, good and bad.

    Args:
        evolving: whether a delivery that an older version kept may lack a column.
    """
    return spark.read.option("mergeSchema", evolving and len(delivered) > 1).parquet(
        *[to_read(one.folder / "rows") for one in delivered]
    )


def own(rows: DataFrame, delivered: list[Delivered]) -> DataFrame | None:
    """The rows that their own fields condemn, as `reason`, place and raw; None where there are
    none.
    """
    if not any(file["reasons"] for one in delivered for file in one.facts["accounts"]):
        return None
    rows = rows.where(~F.col("verdict").eqNullSafe(row_checks.BLANK))
    header = F.col("verdict") == row_checks.HEADER
    nth = F.row_number().over(Window.partitionBy("day", "file", header).orderBy("block", "at"))
    bad = (
        rows.where("verdict is not null")
        .withColumn("nth", F.when(header, nth).otherwise(0))
        .where("nth != 1")
    )
    reason = F.when(F.col("nth") > 1, "repeated_header").otherwise(F.col("verdict"))
    return bad.select(reason.alias("reason"), *ARRIVAL, "raw")


def found_again(bad: DataFrame, rows: DataFrame) -> DataFrame:
    """Rows known by their place, with the bytes that stood there: reason, place, raw."""
    return (
        rows.select(*ARRIVAL, "raw")
        .join(bad.select("reason", *ARRIVAL), list(ARRIVAL))
        .select("reason", *ARRIVAL, "raw")
    )


def told(spark: SparkSession, bad: DataFrame, delivered: list[Delivered]) -> DataFrame:
    """Bad rows of one table with the places that a person can go to: table, reason, delivery, file,
    line, raw.
    """
    parts = []
    for one in delivered:
        blocks = pq.read_table(one.folder / "blocks.parquet")
        parts.append(blocks.append_column("day", pa.array([one.day] * len(blocks), pa.int32())))
    counted = spark.createDataFrame(pa.concat_tables(parts).to_pandas())
    names = [
        (one.day, number, one.name, file["file"])
        for one in delivered
        for number, file in enumerate(one.facts["accounts"])
    ]
    files = spark.createDataFrame(names, "day int, file int, delivery string, name string")
    placed = lines.placed(bad, counted, "day", "file").join(F.broadcast(files), ["day", "file"])
    return placed.select(
        F.lit(delivered[0].table).alias("table"),
        "reason",
        "delivery",
        F.col("name").alias("file"),
        "line",
        "raw",
    )


def write(bad: DataFrame, folder: Path) -> None:
    """Partitioned by reason."""
    save(bad.coalesce(1).write.partitionBy("reason"), folder / "rows")
