"""Fields that several sources write alike."""

from __future__ import annotations

NO_GENRES = "(no genres listed)"


def column(name: str):
    """A field as it stands."""
    from pyspark.sql import functions as F

    return F.col(name)


def barred(name: str):
    """`Comedy|Drama` as an array of strings; empty when the source says that there are none."""
    from pyspark.sql import functions as F

    return F.filter(F.split(name, r"\|"), lambda genre: (genre != "") & (genre != NO_GENRES))
