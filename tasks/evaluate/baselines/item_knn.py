"""ItemKNN: items that share users with the items of a history."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, vstack

NEIGHBOURS, SHRINK = 100, 10.0
BLOCK_CELLS = 20_000_000  # of X'X in memory at a time: at most 160 MB


def item_knn(liked: csr_matrix, neighbours: int = NEIGHBOURS, shrink: float = SHRINK) -> csr_matrix:
    """Shrunk cosines of the nearest items of each: c_ij / (√(c_i c_j) + shrink), c = X'X.

    Sarwar et al. 2001; cut to the nearest as in Deshpande & Karypis 2004. A user's score for item i
    is the sum of row j over what the user liked, at column i. Exact for any catalogue: only pairs
    that a user liked together are kept.

    Args:
        liked: X, float (users, items).

    Returns:
        float32 (items, items), the diagonal empty.
    """
    items = liked.shape[1]
    roots = np.sqrt(np.asarray(liked.multiply(liked).sum(axis=0), np.float64).ravel())
    others, block = csr_matrix(liked.T), max(BLOCK_CELLS // items, 1)
    return csr_matrix(
        vstack(
            [
                _nearest(others[start : start + block] @ liked, start, roots, neighbours, shrink)
                for start in range(0, items, block)
            ]
        )
    )


def _nearest(
    counts: csr_matrix, first: int, roots: np.ndarray, neighbours: int, shrink: float
) -> csr_matrix:
    """The rows of some items, from `first` on, as cosines of their nearest."""
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    cosine = (counts.data / (roots[rows + first] * roots[counts.indices] + shrink)).astype(
        np.float32
    )
    cosine[counts.indices == rows + first] = 0
    for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        own = cosine[start:stop]
        if len(own) > neighbours:
            own[own < np.partition(own, -neighbours)[-neighbours]] = 0
    nearest = csr_matrix((cosine, counts.indices, counts.indptr), counts.shape)
    nearest.eliminate_zeros()
    return nearest
