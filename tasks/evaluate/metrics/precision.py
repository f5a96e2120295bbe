"""Precision at k."""

from __future__ import annotations

import numpy as np


def precision(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Share of the k places that hold a label: Σ hits / k (Manning, Raghavan & Schütze, eq. 8.1).

    A list shorter than k is divided by k all the same: an empty place is a miss.

    Args:
        hits: bool (users, k), best first.
        relevant: int (users), not used.

    Returns:
        float64 (users), 0 to 1.
    """
    return hits.sum(axis=1) / hits.shape[1]
