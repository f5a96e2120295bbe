"""Lines of files as rows in their order; the bytes of each stay beside its fields."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse.parquet_columns import FAULT
from tasks.ingest.parse.spark_paths import to_read

# Orders the rows of a delivery as its files have them. `at` grows along a block; blocks are the
# parts in which Spark reads a file.
POSITION = ("file", "block", "at")
SOURCE = "recall path"  # no name that a source might use
PATH = f"_metadata.file_path as `{SOURCE}`"


def read(spark: SparkSession, local_files: list[LocalFile], numbers: tuple[int, ...]) -> DataFrame:
    """Every line of these files: raw (binary, without its end), file (its number), block, at."""
    text = spark.read.text([to_read(local_files[n].path) for n in numbers])
    lines = text.select(
        F.col("value").cast("binary").alias("raw"),
        F.expr(PATH),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().alias("at"),
    )
    return _with_number(spark, lines, local_files, numbers)


def read_copies(
    spark: SparkSession,
    local_files: list[LocalFile],
    numbers: tuple[int, ...],
    wanted: dict[str, str],
) -> DataFrame:
    """Every row of these files, which `parquet_columns.copy` wrote.

    Returns:
        raw (the named columns as JSON), file, block, at, the columns as text, fault.

    Args:
        wanted: from our names to the files' columns.
    """
    schema = ", ".join(f"`{name}` string" for name in (*wanted, FAULT))
    rows = spark.read.schema(schema).parquet(*[to_read(local_files[n].path) for n in numbers])
    fields = [F.coalesce(F.col(f"`{ours}`"), F.lit("")).alias(ours) for ours in wanted]
    whole = F.to_json(
        F.struct(*[F.col(f"`{ours}`").alias(theirs) for ours, theirs in wanted.items()])
    )
    rows = rows.select(
        whole.cast("binary").alias("raw"),
        F.expr(PATH),
        F.lit(0).cast("bigint").alias("block"),
        F.col("_metadata.row_index").alias("at"),
        *fields,
        F.col(FAULT),
    )
    return _with_number(spark, rows, local_files, numbers)


def _with_number(
    spark: SparkSession, rows: DataFrame, local_files: list[LocalFile], numbers: tuple[int, ...]
) -> DataFrame:
    """The rows with the number of their file in the place of its path."""
    if len(numbers) == 1:
        return rows.withColumn("file", F.lit(numbers[0])).drop(SOURCE)
    known = spark.createDataFrame(
        [(str(local_files[n].path), n) for n in numbers], f"`{SOURCE}` string, file int"
    )
    path = F.regexp_replace(F.regexp_replace(F.col(f"`{SOURCE}`"), "^file:/+", "/"), r"\+", "%2B")
    return rows.withColumn(SOURCE, F.url_decode(path)).join(F.broadcast(known), SOURCE).drop(SOURCE)


def number_lines(rows: DataFrame) -> DataFrame:
    """Adds line (from 1) and last (whether none follows in its file).

    Spark numbers nothing across the blocks in which it reads a file. Lines are numbered within
    their block by the order in which it is read; what the blocks before it hold is counted. However
    the file is cut, the numbers are the same.
    """
    blocks = rows.groupBy("file", "block").agg(
        F.min("at").alias("first"), F.count("*").alias("lines")
    )
    return add_line_numbers(rows, blocks, "file")


def add_line_numbers(rows: DataFrame, blocks: DataFrame, *file: str) -> DataFrame:
    """The rows with line and last, from what each block holds.

    Args:
        blocks: the file's columns, block, first (its least `at`), lines.
        file: the columns that name a file.
    """
    whole = Window.partitionBy(*file)
    earlier = whole.orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    starts = blocks.select(
        *file,
        "block",
        "first",
        F.coalesce(F.sum("lines").over(earlier), F.lit(0)).alias("before"),
        F.sum("lines").over(whole).alias("total"),
    )
    line = F.col("at") - F.col("first") + F.col("before") + 1
    return rows.join(F.broadcast(starts), [*file, "block"]).select(
        *rows.columns, line.alias("line"), (line == F.col("total")).alias("last")
    )
