"""Mean popularity rank at k."""

from __future__ import annotations

import numpy as np


def mean_popularity_rank(lists: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Mean rank by popularity of the shown items, 1 for the most popular item.

    Small values mean that the model shows popular items. After the average recommendation
    popularity of Abdollahpouri et al. 2017, in ranks, so that data sets compare.

    Args:
        lists: int (users, k), item rows, −1 for an empty place.
        ranks: int (items), 1 for the most popular.

    Returns:
        float64 (users); NaN for an empty list.
    """
    filled = lists >= 0
    total = np.where(filled, ranks[lists], 0).sum(axis=1)
    return np.divide(
        total, filled.sum(axis=1), out=np.full(len(lists), np.nan), where=filled.any(axis=1)
    )
