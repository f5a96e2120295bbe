"""Dense row numbers for items and users, in the order of their ids."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

INTEGER = "^(0|[1-9][0-9]{0,17})$"  # an id that a number gives back exactly as it was written
PARTITION_ROWS = 1_000_000


@dataclass(frozen=True)
class NumberedTable:
    """A table with row numbers; `type` is `integer` if every id is a whole number, else `text`."""

    table: DataFrame
    type: str


def number_rows(table: DataFrame, name: str) -> NumberedTable:
    """Add a dense int32 row `name` from 0, in the order of the ids.

    Ids are ordered as numbers if all are whole numbers, else as text.

    Parts are sorted where they lie and shifted by what the parts before them hold, so no machine
    holds all ids. The result is kept: a part that was computed anew after a loss could be cut
    elsewhere.
    """
    rows, whole = table.agg(
        F.count("*"), F.bool_and(F.col("id").cast("string").rlike(INTEGER))
    ).first()
    key: Column = F.col("id").try_cast("bigint") if whole else F.col("id")
    parts = max(1, -(-rows // PARTITION_ROWS))
    spread = table.repartitionByRange(parts, key) if parts > 1 else table.coalesce(1)
    placed = (
        spread.sortWithinPartitions(key)
        .withColumns({"_part": F.spark_partition_id(), "_at": F.monotonically_increasing_id()})
        .persist()
    )
    first, before = {}, 0
    for row in (
        placed.groupBy("_part")
        .agg(F.min("_at").alias("first"), F.count("*").alias("rows"))
        .orderBy("_part")
        .collect()
    ):
        first[row["_part"]] = row["first"] - before
        before += row["rows"]
    number = F.lit(0)
    if first:
        shift = F.create_map(
            *[part for n, value in first.items() for part in (F.lit(n), F.lit(value))]
        )
        number = F.col("_at") - shift[F.col("_part")]
    return NumberedTable(
        placed.select(number.cast("int").alias(name), *table.columns),
        "integer" if whole else "text",
    )
