"""A sample of users for validation, large enough to compare two models and small enough for a
catalogue of any size.
"""

from __future__ import annotations

import numpy as np

MAX_USERS, MIN_USERS = 5000, 1000
MAX_SCORES = (
    10**8
    # of all users asked and all items: a quarter of a second of products of 64 dimensions at 50
    # GFLOPS
)


def sample_size(wanted: int | None, items: int, scores: int = MAX_SCORES) -> int:
    """The number of users to draw at most.

    Args:
        wanted: the setting; None: the catalogue decides: 5,000 up to 20,000 items, fewer above,
            never fewer than 1,000, of whom a recall of .4 with a label each has a standard error of
            .015.
        items: of the catalogue.
        scores: that may be computed at a time.
    """
    return wanted or min(MAX_USERS, max(MIN_USERS, scores // max(items, 1)))


def sample_users(users: int, most: int, seed: int = 0) -> np.ndarray:
    """int64: the places of at most so many of them, rising, the same for a seed."""
    return (
        np.arange(users)
        if most >= users
        else np.sort(np.random.default_rng(seed).permutation(users)[:most])
    )
