"""Ids that are held as numbers: `12345678.0`, `1.2345678E7` and 12345678 are one id, and 0.1 is none."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasks.ingest.reading.shape import Shape
from tasks.ingest.reading.values import EXACT, NO_VALUE

IDS = ("user", "item", "id")
FLOAT = r"^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?$"
WHOLE = r"^[-+]?[0-9]+(\.0*)?$"
INEXACT = "inexact_id"


def spelled(rows: DataFrame, shape: Shape) -> DataFrame:
    """The rows with ids spelled as whole numbers where they are numbers, and `fault` where a number is no id.

    Args:
        rows: fields as text, fault; of JSON also `_text`, the whole object.
    """
    for name in (name for name in IDS if name in shape.table.columns):
        is_number = None
        if shape.table.kind == "jsonl":
            is_number = _unquoted_in_json(shape.paths[shape.table.columns.index(name)])
        if name in shape.numbers:
            is_number = F.lit(True)
        if is_number is None:
            continue
        value = F.col(name)
        looks = (F.contains(value, F.lit(".")) | F.contains(value, F.lit("e")) | F.contains(value, F.lit("E"))) & value.rlike(FLOAT)
        exact = _exact(shape, name) if shape.table.kind == "jsonl" else value
        rows = rows.withColumns({f"_{name}": F.when(looks & is_number, F.coalesce(_whole(exact), F.lit("")))})
        bad = F.col("fault").isNull() & (F.col(f"_{name}") == "")
        text = F.when(F.length(f"_{name}") > 0, F.col(f"_{name}")).otherwise(value)
        if name in shape.numbers:
            text = F.when(text.isin(*sorted(NO_VALUE)), F.lit("")).otherwise(text)
        rows = rows.withColumns({"fault": F.when(bad, INEXACT).otherwise(F.col("fault")), name: text}).drop(f"_{name}")
    return rows


def _whole(text: Column) -> Column:
    """The digits of a whole number; null for what is none, or is too large for a double to hold exactly."""
    number = text.try_cast("double")
    small = (F.abs(number) < EXACT) & (number == F.floor(number))
    return F.when(text.rlike(WHOLE), F.regexp_replace(text, r"\.0*$", "")).when(small, number.cast("bigint").cast("string"))


def _path(path: tuple[str, ...]) -> str | None:
    """The way to a field as Spark's variants spell it; None where a name has a quote in it."""
    return None if any("'" in name or "\\" in name for name in path) else "$" + "".join(f"['{name}']" for name in path)


def _element(path: str) -> Column:
    return F.try_variant_get(F.try_parse_json(F.col("_text")), path, "variant")


def _unquoted_in_json(path: tuple[str, ...]) -> Column:
    """Whether a value is a number of JSON, and not a text that looks like one."""
    spelled = _path(path)
    return F.lit(False) if spelled is None else F.coalesce(F.schema_of_variant(_element(spelled)) != "STRING", F.lit(False))


def _exact(shape: Shape, name: str) -> Column:
    """A number of JSON with all its digits, which the parser of objects rounds to a double's."""
    spelled = _path(shape.paths[shape.table.columns.index(name)])
    digits = None if spelled is None else F.try_variant_get(F.try_parse_json(F.col("_text")), spelled, "string")
    return F.col(name) if digits is None else F.coalesce(digits, F.col(name))
