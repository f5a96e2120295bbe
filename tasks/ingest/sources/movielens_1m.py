"""MovieLens 1M: fields between double colons, latin-1.

https://files.grouplens.org/datasets/movielens/ml-1m-README.txt
"""

from __future__ import annotations

from pathlib import Path

from tasks.ingest.sources.fields import column, split_genres
from tasks.ingest.sources.layout import Source, Table

ATTRIBUTES = ("gender", "age", "occupation", "zip_code")
MOVIES = Table("movies.dat", ("id", "title", "genres"), "::", "latin-1")
USERS = Table("users.dat", ("id", *ATTRIBUTES), "::", "latin-1")
RATINGS = Table("ratings.dat", ("user", "item", "rating", "timestamp"), "::", "ascii")
STARS = (1.0, 5.0)
OPENED = 788_918_400  # 1995-01-01: no MovieLens rating is older


def source(folder: Path) -> Source:
    return Source(
        folder,
        RATINGS,
        MOVIES,
        USERS,
        title=lambda: column("title"),
        genres=lambda: split_genres("genres"),
        attributes=ATTRIBUTES,
        rating_range=STARS,
        first_second=OPENED,
    )
