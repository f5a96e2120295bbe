"""Likes as a sparse matrix, and queries over it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.histories import Histories


def likes(histories: Histories, items: int) -> csr_matrix:
    """float64 (users, items): 1 where a user liked an item, however often."""
    made = csr_matrix((np.ones(len(histories.items)), histories.items, histories.offsets), (len(histories), items))
    made.sum_duplicates()
    made.data[:] = 1.0
    return made


def weighted(histories: Histories, items: int, decay: float | None) -> csr_matrix:
    """float32 (users, items): exp(−a / decay) for an item whose age is a items from the newest; 1 for all without a decay."""
    ages = np.repeat(histories.offsets[1:], histories.lengths) - 1 - np.arange(len(histories.items))
    weights = np.ones(len(ages), np.float32) if decay is None else np.exp(-ages / decay).astype(np.float32)
    return csr_matrix((weights, histories.items, histories.offsets), (len(histories), items))


def together(liked: csr_matrix) -> np.ndarray:
    """float64 (items, items): how many users like both; on the diagonal, how many like one."""
    return (liked.T @ liked).toarray()
