"""Intra-list diversity at k."""

from __future__ import annotations

import numpy as np


def diversity(lists: np.ndarray, features: np.ndarray) -> np.ndarray:
    """1 − mean cosine between two different items of a list (Ziegler et al. 2005, as a distance).

    The features belong to the items, not to the model, so that two models are measured alike. With
    unit rows v the sum over pairs is |Σ v|² − Σ |v|², so the cost is linear in k.

    Args:
        lists: int (users, k), item rows, −1 for an empty place.
        features: float (items, f), rows of unit length or all zero (an item without any feature is
            unlike every other).

    Returns:
        float64 (users); NaN for a list of fewer than two.
    """
    filled = lists >= 0
    count = filled.sum(axis=1)
    padded = np.vstack([features, np.zeros((1, features.shape[1]))])  # row −1
    total = np.zeros((len(lists), features.shape[1]))
    for position in range(lists.shape[1]):
        total += padded[lists[:, position]]
    own = np.where(filled, np.square(padded).sum(axis=1)[lists], 0.0).sum(axis=1)
    pairs = count * (count - 1)
    cosine = np.divide(
        np.square(total).sum(axis=1) - own, pairs, out=np.full(len(lists), np.nan), where=pairs > 0
    )
    return 1.0 - cosine
