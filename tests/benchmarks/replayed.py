"""A snapshot made of the small MovieLens without ingestion, for benchmarks that are not about
it.
"""

from __future__ import annotations

import numpy as np

from tasks.core.store.store import Store
from tests import worlds
from tests.benchmarks.base import Base


def snapshot(store: Store, base: Base) -> str:
    """The rows of 4 stars and more, the newest of each user held out; returns the snapshot's
    URI.
    """
    kept = base.rating >= 4
    items, rows = np.unique(base.item[kept], return_inverse=True)
    users, numbers = np.unique(base.user[kept], return_inverse=True)
    world = worlds.World(
        numbers.astype(np.int32),
        rows.astype(np.int32),
        base.rating[kept],
        np.arange(kept.sum(), dtype=np.int64),
        np.zeros(len(users), np.int32),
        np.zeros(len(items), np.int32),
    )
    return worlds.snapshot(store, world, dataset=base.name)
