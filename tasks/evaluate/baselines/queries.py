"""Queries of linear models over items."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.data.histories import Histories


def weighted_queries(histories: Histories, items: int, decay: float | None) -> csr_matrix:
    """float32 (users, items): what each pair counts, times exp(−a / decay) for an item whose age is
    a items from the newest; without a decay no age matters."""
    pairs = histories.pairs()
    ages = np.repeat(pairs.offsets[1:], pairs.lengths) - 1 - np.arange(len(pairs.items))
    weights = (
        np.ones(len(ages), np.float32)
        if decay is None
        else np.exp(-ages / decay).astype(np.float32)
    )
    weights = weights if pairs.weights is None else weights * pairs.weights
    return csr_matrix((weights, pairs.items, pairs.offsets), (len(pairs), items))
