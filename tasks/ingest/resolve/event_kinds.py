"""The kind of each event, of deliveries of every version."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def with_kind(rows: DataFrame, weights: Mapping[str, float]) -> DataFrame:
    """Add `kind`, by the weight if an older version stored no kind.

    Two kinds of one weight cannot be distinguished so: they are null.
    """
    pairs = [
        F.lit(part)
        for kind, weight in weights.items()
        for part in (float(weight), kind)
        if list(weights.values()).count(weight) == 1
    ]
    by_weight: Column = (
        F.try_element_at(F.create_map(*pairs), F.col("rating"))
        if pairs
        else F.lit(None).cast("string")
    )
    return rows.withColumn(
        "kind", F.coalesce("kind", by_weight) if "kind" in rows.columns else by_weight
    )
