"""Quarantine: every row that a snapshot leaves out, with its bytes, the reason, its file and line.

quarantine/<dataset>/<day>/<snapshot id>/
    rows/reason=<reason>/*.parquet     table, delivery, file, line, raw
    summary.json                       rows by table and reason
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tasks.ingest.parse import lines, row_checks
from tasks.ingest.parse.delivery import ParsedDelivery
from tasks.ingest.parse.spark_paths import save
from tasks.ingest.resolve.relations import ARRIVAL_ORDER


def invalid_rows(rows: DataFrame, deliveries: list[ParsedDelivery]) -> DataFrame | None:
    """Rows with invalid fields, as reason, position and raw; None if there are none.

    Blank lines and the first header of each file are no rows.
    """
    if not any(file["reasons"] for one in deliveries for file in one.facts["accounts"]):
        return None
    rows = rows.where(~F.col("verdict").eqNullSafe(row_checks.BLANK))
    header = F.col("verdict") == row_checks.HEADER
    nth = F.row_number().over(Window.partitionBy("day", "file", header).orderBy("block", "at"))
    invalid = (
        rows.where("verdict is not null")
        .withColumn("nth", F.when(header, nth).otherwise(0))
        .where("nth != 1")
    )
    reason = F.when(F.col("nth") > 1, "repeated_header").otherwise(F.col("verdict"))
    return invalid.select(reason.alias("reason"), *ARRIVAL_ORDER, "raw")


def with_raw_bytes(invalid: DataFrame, rows: DataFrame) -> DataFrame:
    """Rows that are known by their position, with the bytes of their lines.

    Args:
        invalid: reason and position (day, file, block, at).
        rows: position and raw, of all rows.

    Returns:
        reason, position, raw.
    """
    return (
        rows.select(*ARRIVAL_ORDER, "raw")
        .join(invalid.select("reason", *ARRIVAL_ORDER), list(ARRIVAL_ORDER))
        .select("reason", *ARRIVAL_ORDER, "raw")
    )


def with_locations(
    spark: SparkSession, invalid: DataFrame, deliveries: list[ParsedDelivery]
) -> DataFrame:
    """Invalid rows of one table with the file and line at which a person finds them.

    Args:
        invalid: reason, position, raw.

    Returns:
        table, reason, delivery, file, line, raw.
    """
    parts = []
    for one in deliveries:
        blocks = pq.read_table(one.folder / "blocks.parquet")
        parts.append(blocks.append_column("day", pa.array([one.day] * len(blocks), pa.int32())))
    counted = spark.createDataFrame(pa.concat_tables(parts).to_pandas())
    names = [
        (one.day, number, one.name, file["file"])
        for one in deliveries
        for number, file in enumerate(one.facts["accounts"])
    ]
    files = spark.createDataFrame(names, "day int, file int, delivery string, name string")
    placed = lines.add_line_numbers(invalid, counted, "day", "file").join(
        F.broadcast(files), ["day", "file"]
    )
    return placed.select(
        F.lit(deliveries[0].table).alias("table"),
        "reason",
        "delivery",
        F.col("name").alias("file"),
        "line",
        "raw",
    )


def write(invalid: DataFrame, folder: Path) -> None:
    """Write the rows of `with_locations` as Parquet, partitioned by reason."""
    save(invalid.coalesce(1).write.partitionBy("reason"), folder / "rows")
