"""Queries of linear models over items."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.histories import Histories


def weighted(histories: Histories, items: int, decay: float | None) -> csr_matrix:
    """float32 (users, items): exp(−a / decay) for an item whose age is a items from the newest; 1 for all without a decay."""
    ages = np.repeat(histories.offsets[1:], histories.lengths) - 1 - np.arange(len(histories.items))
    weights = np.ones(len(ages), np.float32) if decay is None else np.exp(-ages / decay).astype(np.float32)
    return csr_matrix((weights, histories.items, histories.offsets), (len(histories), items))
