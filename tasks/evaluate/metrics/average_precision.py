"""Average precision at k; its mean over users is MAP."""

from __future__ import annotations

import numpy as np


def _sum_of_precisions(hits: np.ndarray) -> np.ndarray:
    ranks = np.arange(1, hits.shape[1] + 1)
    return (hits * np.cumsum(hits, axis=1) / ranks).sum(axis=1)


def average_precision(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Σ over hits of the precision at their rank, divided by min(k, |labels|).

    A perfect list has 1. The divisor is the one in use for cut-off lists (Kaggle's MAP@K; RecBole).
    Without a cut it is Manning, Raghavan & Schütze, eq. 8.8.

    Args:
        hits: bool (users, k), best first.
        relevant: int (users), different labels of each user, at least 1.

    Returns:
        float64 (users), 0 to 1.
    """
    return _sum_of_precisions(hits) / np.minimum(relevant, hits.shape[1])


def average_precision_by_k(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Σ over hits of the precision at their rank, divided by k, for comparison with papers.

    Args, Returns: as `average_precision`.
    """
    return _sum_of_precisions(hits) / hits.shape[1]
