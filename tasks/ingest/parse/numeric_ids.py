"""Ids held as numbers: `12345678.0`, `1.2345678E7` and 12345678 are one; 0.1 is none."""

from __future__ import annotations

import operator
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.value_kinds import EXACT, NO_VALUE
from tasks.ingest.sources import IDS

FLOAT = r"^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?$"
WHOLE = r"^[-+]?[0-9]+(\.0*)?$"
WORDS = r"([:\[,]\s*)[-+]?(?:NaN|INF|Infinity)(?=\s*[,}\]])"
INEXACT, NESTED = "inexact_id", "nested_id"
NUL = "\0"  # which no key of Redis, no path and no database holds unharmed
TEXT, SPELLED = "recall text", "recall spelled"  # no names that a source might use


def normalize_ids(rows: DataFrame, layout: FileLayout) -> DataFrame:
    """Write ids that are numbers as whole numbers; `fault` says which rows have none.

    Args:
        rows: fields as text, fault; of JSON also TEXT, the whole object.
    """
    for name in (name for name in IDS if name in layout.table.columns):
        is_json = layout.table.kind == "jsonl"
        if not is_json and name not in layout.numbers:
            continue
        value, type = F.col(name), _type_in_json(layout, name) if is_json else F.lit("")
        is_number = F.lit(name in layout.numbers) | ~type.isin("", "STRING")
        looks = _looks_like_float(value)
        exact = F.coalesce(_in_json(layout, name, "string"), value) if is_json else value
        rows = rows.withColumn(
            SPELLED, F.when(looks & is_number, F.coalesce(_whole(exact), F.lit("")))
        )
        fault = F.when(F.col("fault").isNotNull(), F.col("fault")).when(
            F.col(SPELLED) == "", INEXACT
        )
        if is_json and name not in layout.numbers:  # a key twice, or far too many digits
            fault = fault.when(looks & (type == ""), INEXACT)
        if is_json:
            fault = fault.when(_is_nested(value, type), NESTED).when(
                F.contains(value, F.lit(NUL)), "broken_encoding"
            )
        text = F.when(F.length(SPELLED) > 0, F.col(SPELLED)).otherwise(value)
        if name in layout.numbers:
            text = F.when(text.isin(*sorted(NO_VALUE)), F.lit("")).otherwise(text)
        rows = rows.withColumns({"fault": fault, name: text}).drop(SPELLED)
    return rows


def _looks_like_float(value: Column) -> Column:
    """Whether a text has a point or an exponent and is a number; most texts need no pattern."""
    marks = (F.contains(value, F.lit(mark)) for mark in (".", "e", "E"))
    return reduce(operator.or_, marks) & value.rlike(FLOAT)


def _is_nested(value: Column, type: Column) -> Column:
    brackets = F.startswith(value, F.lit("{")) | F.startswith(value, F.lit("["))
    return brackets & type.rlike("^(OBJECT|ARRAY)")


def strict(text: Column) -> Column:
    """JSON with null where Python writes a word that JSON does not know."""
    may_have_words = (
        F.contains(text, F.lit("NaN"))
        | F.contains(text, F.lit("INF"))
        | F.contains(text, F.lit("Infinity"))
    )
    return F.when(may_have_words, F.regexp_replace(text, WORDS, "$1null")).otherwise(text)


def _whole(text: Column) -> Column:
    """The digits of a whole number; null if a double cannot hold it exactly."""
    number = text.try_cast("double")
    small = (F.abs(number) < EXACT) & (number == F.floor(number))
    return F.when(text.rlike(WHOLE), F.regexp_replace(text, r"\.0*$", "")).when(
        small, number.cast("bigint").cast("string")
    )


def _in_json(layout: FileLayout, name: str, type: str) -> Column:
    """A field of the whole object, with all the digits that the parser of objects rounds to a
    double's; null where Spark cannot name it.
    """
    path = layout.paths[layout.table.columns.index(name)]
    if any("'" in part or "\\" in part for part in path):
        return F.lit(None).cast("string")
    return F.try_variant_get(
        F.try_parse_json(F.col(TEXT)), "$" + "".join(f"['{part}']" for part in path), type
    )


def _type_in_json(layout: FileLayout, name: str) -> Column:
    """`STRING`, or what else a field of the object is; empty where it is not there."""
    value = _in_json(layout, name, "variant")
    path = layout.paths[layout.table.columns.index(name)]
    return (
        F.lit("")
        if any("'" in part or "\\" in part for part in path)
        else F.coalesce(F.schema_of_variant(value), F.lit(""))
    )
