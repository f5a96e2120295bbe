"""Files as numbered lines, cut into named fields. Nothing is lost here: the bytes of every line stay beside its fields."""

from __future__ import annotations

import re
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tasks.ingest.examine import Shape

PLACE = ("file", "line")  # orders lines as the files have them
BROKEN = "_broken"


def numbered(spark: SparkSession, path: Path) -> DataFrame:
    """Every line of a file: raw (binary, without its end), file (name), line (from 1), last (whether none follows).

    Spark numbers nothing across the blocks in which it reads a file. Lines are numbered within their block by the order in
    which it is read; what the blocks before it hold is counted in a second, cheap pass. However the file is cut into blocks,
    the numbers are the same.
    """
    text = spark.read.text(path.as_uri()).select(
        F.col("value").cast("binary").alias("raw"), F.col("_metadata.file_name").alias("file"),
        F.col("_metadata.file_block_start").alias("block")).withColumn("at", F.monotonically_increasing_id())
    blocks = text.groupBy("file", "block").agg(F.min("at").alias("first"), F.count("*").alias("lines"))
    whole = Window.partitionBy("file")
    earlier = whole.orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    blocks = blocks.select("file", "block", "first", F.coalesce(F.sum("lines").over(earlier), F.lit(0)).alias("before"),
                           F.sum("lines").over(whole).alias("total"))
    line = F.col("at") - F.col("first") + F.col("before") + 1
    return text.join(F.broadcast(blocks), ["file", "block"]).select(
        "raw", "file", line.alias("line"), (line == F.col("total")).alias("last"))


def cut(lines: DataFrame, shape: Shape) -> DataFrame:
    """The lines of a table as fields named by its columns (strings, trimmed; null where a line is too short).

    Adds `fault`: null, or why the line cannot be a row at all. A header line is left out.
    """
    table = shape.table
    if table.header:
        lines = lines.where(F.col("line") > 1)
    text = _text(table.encoding)
    fields, wrong = _quoted(text, shape) if table.quoted else _plain(text, shape)
    lines = lines.withColumn("fields", fields)
    fault = (F.when(_damaged(table.encoding), "broken_encoding")
             .when(F.col("last") & F.lit(shape.cut_short), "truncated_line")
             .when(wrong, "wrong_number_of_fields"))
    named = [F.trim(F.get("fields", F.lit(place))).alias(name) for name, place in zip(table.columns, shape.places)]
    return lines.select("raw", "file", "line", fault.alias("fault"), *named)


def _text(encoding: str) -> Column:
    if encoding == "latin-1":
        return F.decode("raw", "ISO-8859-1")
    return F.regexp_replace(F.col("raw").cast("string"), "^\ufeff", "")


def _damaged(encoding: str) -> Column:
    """Whether a line's bytes cannot be what the encoding writes."""
    string = F.col("raw").cast("string")
    if encoding == "latin-1":
        return F.decode("raw", "ISO-8859-1").rlike(r"[\x00-\x08\x0e-\x1f]")
    readable = F.call_function("is_valid_utf8", string)
    allowed = r"[^\x09\x20-\x7e]" if encoding == "ascii" else r"[\x00-\x08\x0e-\x1f\ufffd]"
    return ~readable | F.regexp_replace(string, "^\ufeff", "").rlike(allowed)


def _plain(text: Column, shape: Shape) -> tuple[Column, Column]:
    return F.split(text, re.escape(shape.table.delimiter), -1), F.size("fields") != shape.width


def _quoted(text: Column, shape: Shape) -> tuple[Column, Column]:
    names = [f"f{i}" for i in range(shape.width)]
    schema = ", ".join(f"{name} string" for name in (*names, BROKEN))
    parsed = F.from_csv(text, schema, {"sep": shape.table.delimiter, "quote": '"', "escape": '"', "mode": "PERMISSIVE",
                                       "columnNameOfCorruptRecord": BROKEN})
    cells = [F.coalesce(parsed[name], F.lit("")) for name in names]
    return F.array(*cells, parsed[BROKEN]), F.get("fields", F.lit(shape.width)).isNotNull()
