"""The layouts of data sets that ingestion can read: the one list that requests, forms, the
environment's settings and the local stack share. Standard library only.

A layout is read by the module of its name in `tasks/ingest/sources`, with `_` for `-`.
"""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal[
    "movielens-100k", "movielens-latest", "movielens-1m", "ordered-csv", "anime", "own"
]
FORMATS: tuple[Format, ...] = get_args(Format)
