"""The Kaggle anime ratings: `rating.csv` and `anime.csv`, no timestamps; a rating of -1 means
watched, not rated.

https://www.kaggle.com/datasets/CooperUnion/anime-recommendations-database
"""

from __future__ import annotations

from pathlib import Path

from tasks.ingest.sources.fields import column, split_names
from tasks.ingest.sources.layout import Source, Table

RATINGS = Table(
    "rating.csv", ("user", "item", "rating"), ",", "ascii", ("user_id", "anime_id", "rating")
)
TITLES = Table(
    "anime.csv",
    ("id", "title", "genres"),
    ",",
    "utf-8",
    ("anime_id", "name", "genre"),
    quoting="doubled",
)
POINTS = (1.0, 10.0)
UNRATED = -1.0


def source(folder: Path) -> Source:
    return Source(
        folder,
        RATINGS,
        TITLES,
        title=lambda: column("title"),
        genres=lambda: split_names("genres", ","),
        rating_range=POINTS,
        unrated=UNRATED,
        timed=False,
        liked="> 7",
    )
