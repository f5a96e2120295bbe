"""Popularity: the same order for every user."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def popularity(order: np.ndarray) -> Callable[[int, int], np.ndarray]:
    """Scores by position in the order of popularity, the same for every user.

    Args:
        order: int (items), rows from the most to the least popular.
    """
    scores = np.empty(len(order), np.float32)
    scores[order] = np.arange(len(order), 0, -1)
    return lambda start, stop: np.repeat(scores[None], stop - start, axis=0)
