"""Likes as a sparse matrix of users and items, and co-occurrence counts of items."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.data.histories import Histories


def like_matrix(histories: Histories, items: int, dtype: type = np.float32) -> csr_matrix:
    """(users, items): what each pair counts (`Histories.pairs`), one where events have no weight
    and none repeats another.
    """
    pairs = histories.pairs()
    weights: np.ndarray = (
        np.ones(len(pairs.items), dtype) if pairs.weights is None else pairs.weights.astype(dtype)
    )
    matrix = csr_matrix((weights, pairs.items, pairs.offsets), (len(pairs), items), copy=True)
    matrix.sort_indices()
    return matrix


def cooccurrence_counts(liked: csr_matrix) -> np.ndarray:
    """float64 (items, items), X'X: how many users like both; on the diagonal, how many like one."""
    return (liked.T @ liked).toarray().astype(np.float64)
