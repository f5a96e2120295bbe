"""ItemKNN: items liked by the same users as what the user liked."""

from __future__ import annotations

import numpy as np

NEIGHBOURS, SHRINK = 100, 10.0


def item_knn(together: np.ndarray, neighbours: int = NEIGHBOURS, shrink: float = SHRINK) -> np.ndarray:
    """Cosine of two items' users, shrunk, of the nearest of each item only: c_ij / (√(c_i c_j) + shrink).

    Sarwar et al. 2001; cut to the nearest as in Deshpande & Karypis 2004. A user's score for item i is the sum of row j over
    what the user liked, at column i.

    Args:
        together: float64 (items, items), X'X: users who like both.

    Returns:
        float32 (items, items), the diagonal 0.
    """
    counts = np.sqrt(together.diagonal())
    cosine = (together / (np.outer(counts, counts) + shrink)).astype(np.float32)
    np.fill_diagonal(cosine, 0)
    if neighbours < len(cosine):
        least = np.partition(cosine, -neighbours, axis=1)[:, [-neighbours]]
        cosine[cosine < least] = 0
    return cosine
