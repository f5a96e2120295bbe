"""Normalised discounted cumulative gain at k."""

from __future__ import annotations

import numpy as np


def ndcg(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """DCG / ideal DCG with gain 1 for a label and discount 1 / log2(rank + 1), ranks from 1.

    The ideal list holds min(k, |labels|) labels at its head (Järvelin & Kekäläinen 2002, with the
    logarithmic discount at every rank as in Burges et al. 2005).

    Args:
        hits: bool (users, k), best first.
        relevant: int (users), different labels of each user, at least 1.

    Returns:
        float64 (users), 0 to 1.
    """
    discount = 1.0 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.cumsum(discount)
    return hits @ discount / ideal[np.minimum(relevant, hits.shape[1]) - 1]
