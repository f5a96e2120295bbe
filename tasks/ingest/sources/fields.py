"""Fields that several sources write alike."""

from __future__ import annotations

import re

NO_GENRES = "(no genres listed)"


def column(name: str):
    """A field as it stands."""
    from pyspark.sql import functions as F

    return F.col(name)


def barred(name: str):
    """`Comedy|Drama` as an array of strings; empty when the source says that there are none."""
    from pyspark.sql import functions as F

    return F.filter(separated(name, "|"), lambda genre: genre != NO_GENRES)


def separated(name: str, separator: str):
    """`Comedy, Drama` or `["Comedy", "Drama"]` as an array of trimmed strings without empty ones."""
    from pyspark.sql import functions as F

    listed = F.from_json(F.col(name), "array<string>")
    parts = F.when(F.startswith(F.col(name), F.lit("[")) & listed.isNotNull(), listed).otherwise(F.split(name, re.escape(separator)))
    return F.filter(F.transform(parts, lambda part: F.trim(part)), lambda part: part.isNotNull() & (part != ""))
