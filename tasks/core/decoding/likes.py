"""Who has what, as a sparse matrix of ones, and what is liked together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.histories import Histories


def likes(histories: Histories, items: int, dtype: type = np.float32) -> csr_matrix:
    """(users, items): one where a user has an item, however often; the histories stay as they are."""
    matrix = csr_matrix((np.ones(len(histories.items), dtype), histories.items, histories.offsets), (len(histories), items), copy=True)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def together(liked: csr_matrix) -> np.ndarray:
    """float64 (items, items): how many users like both; on the diagonal, how many like one."""
    return (liked.T @ liked).toarray().astype(np.float64)
