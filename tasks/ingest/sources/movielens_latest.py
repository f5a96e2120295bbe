"""MovieLens latest (small and full), 20M, 25M, 32M: csv with headers, half stars, no file of users.

https://files.grouplens.org/datasets/movielens/ml-latest-small-README.html
"""

from __future__ import annotations

from pathlib import Path

from tasks.ingest.sources.fields import column, split_genres
from tasks.ingest.sources.layout import Source, Table

RATINGS = Table(
    "ratings.csv",
    ("user", "item", "rating", "timestamp"),
    ",",
    "ascii",
    ("userId", "movieId", "rating", "timestamp"),
)
MOVIES = Table(
    "movies.csv",
    ("id", "title", "genres"),
    ",",
    "utf-8",
    ("movieId", "title", "genres"),
    quoting="doubled",
)
HALF_STARS = (0.5, 5.0)
OPENED = 788_918_400  # 1995-01-01: no MovieLens rating is older


def source(folder: Path) -> Source:
    return Source(
        folder,
        RATINGS,
        MOVIES,
        None,
        title=lambda: column("title"),
        genres=lambda: split_genres("genres"),
        attributes=(),
        rating_range=HALF_STARS,
        first_second=OPENED,
    )
