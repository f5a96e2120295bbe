"""MovieLens 1M with an order column; its timestamps may be empty.

`ratings_with_order.csv` (user_id, item_id, rating, order_in_user from 0 = oldest, timestamp or
nothing) beside the official movies.dat and users.dat.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tasks.ingest.sources import movielens_1m
from tasks.ingest.sources.layout import Source, Table

RATINGS = Table(
    "ratings_with_order.csv",
    ("user", "item", "rating", "order", "timestamp"),
    ",",
    "ascii",
    ("user_id", "item_id", "rating", "order_in_user", "timestamp"),
)


def source(folder: Path) -> Source:
    return dataclasses.replace(movielens_1m.source(folder), interactions=RATINGS, timed=False)
