"""Recall at k."""

from __future__ import annotations

import numpy as np


def recall(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Share of a user's labels that are in the list: Σ hits / |labels|.

    With more labels than places the best reachable value is below 1 (the textbook form: Manning,
    Raghavan & Schütze, Introduction to Information Retrieval, eq. 8.2).

    Args:
        hits: bool (users, k), best first.
        relevant: int (users), different labels of each user, at least 1.

    Returns:
        float64 (users), 0 to 1.
    """
    return hits.sum(axis=1) / relevant
