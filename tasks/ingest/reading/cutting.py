"""Rows cut into named fields, each a trimmed string, with the reason if that cannot be done."""

from __future__ import annotations

import re

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasks.ingest.reading.examine import Shape
from tasks.ingest.reading.verdicts import HEADER

BROKEN = "_broken"
MOST_FIELDS = 20_000  # a line of a few more than these ends the whole job: Spark's parser cannot hold it
CONTROL = r"\x00-\x08\x0e-\x1f"
RUN_TOGETHER = r"\}\s*\{"  # outside of a string never right, and what follows the first object would be lost
STRING = r'"(?:[^"\\]++|\\.)*+"'


def cut(lines: DataFrame, shape: Shape) -> DataFrame:
    """The lines as fields named by the table's columns (null where a line is too short), with `fault`.

    Args:
        lines: raw, file, block, at and, where a file may have been cut off, last.

    Returns:
        The lines with the fields and `fault`: null, why the line cannot be a row, or `header`.
    """
    table = shape.table
    text = F.col("raw").cast("string") if shape.printable else _text(table.encoding)
    fields, wrong = {"delimited": _quoted if table.quoted else _plain, "jsonl": _objects}[table.kind](text, shape)
    reason = "broken_json" if table.kind == "jsonl" else "wrong_number_of_fields"
    damaged = F.lit(False) if shape.printable else _damaged(table.encoding)
    fault = F.when(damaged, "broken_encoding").when(wrong, reason)
    if shape.header is not None:
        fault = F.when(text == F.lit(shape.header), HEADER).otherwise(fault)
    if shape.cut_short:
        fault = F.when(F.col("last") & F.col("file").isin(*shape.cut_short), "truncated_line").otherwise(fault)
    named = [F.trim(F.get("fields", F.lit(place))).alias(name) for name, place in zip(table.columns, shape.places, strict=True)]
    return lines.withColumn("fields", fields).select(*lines.columns, fault.alias("fault"), *named)


def _text(encoding: str) -> Column:
    if encoding == "latin-1":
        return F.decode("raw", "ISO-8859-1")
    text = F.col("raw").cast("string")
    return F.when(F.startswith(text, F.lit("\ufeff")), F.substring(text, 2, 2**31 - 1)).otherwise(text)


def _damaged(encoding: str) -> Column:
    """Whether a line's bytes cannot be what the encoding writes."""
    if encoding == "latin-1":
        return F.decode("raw", "ISO-8859-1").rlike(f"[{CONTROL}]")
    string = F.col("raw").cast("string")
    if encoding == "ascii":  # a byte-order mark may stand before the first line
        return string.rlike("^\ufeff?[\\x09\\x20-\\x7e]*$") == F.lit(False)
    return ~F.call_function("is_valid_utf8", string) | string.rlike(f"[{CONTROL}\\ufffd]")


def _plain(text: Column, shape: Shape) -> tuple[Column, Column]:
    return F.split(text, re.escape(shape.table.delimiter), -1), F.size("fields") != shape.width


def _quoted(text: Column, shape: Shape) -> tuple[Column, Column]:
    names = [f"f{i}" for i in range(shape.width)]
    schema = ", ".join(f"{name} string" for name in (*names, BROKEN))
    delimiters = F.regexp_count(text, F.lit(re.escape(shape.table.delimiter)))
    crowded = (F.octet_length("raw") > MOST_FIELDS) & (delimiters > MOST_FIELDS)
    parsed = F.from_csv(F.when(~crowded, text), schema, {"sep": shape.table.delimiter, "quote": '"', "escape": '"', "mode": "PERMISSIVE",
                                       "maxCharsPerColumn": "-1", "columnNameOfCorruptRecord": BROKEN})
    cells = [F.coalesce(parsed[name], F.lit("")) for name in names]
    return F.array(*cells, parsed[BROKEN]), crowded | F.get("fields", F.lit(shape.width)).isNotNull()


def _objects(text: Column, shape: Shape) -> tuple[Column, Column]:
    """Values as text; lists and objects as their JSON."""
    schema = ", ".join(f"`{name}` string" for name in (*shape.table.fields, BROKEN))
    parsed = F.from_json(text, schema, {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": BROKEN, "allowNonNumericNumbers": "false"})
    cells = [F.coalesce(parsed.getField(name), F.lit("")) for name in shape.table.fields]
    whole = F.trim(text)
    broken = ~F.startswith(whole, F.lit("{")) | ~F.endswith(whole, F.lit("}")) | _run_together(whole)
    return F.array(*cells, parsed.getField(BROKEN)), broken | F.get("fields", F.lit(len(cells))).isNotNull()


def _run_together(text: Column) -> Column:
    """Whether one object ends and another begins in this line; strings, which may say anything, are looked away from only where it matters."""
    return F.when(text.rlike(RUN_TOGETHER), F.regexp_replace(text, STRING, '""').rlike(RUN_TOGETHER)).otherwise(False)
