"""Queries of linear models over items."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.data.histories import Histories


def weighted_queries(histories: Histories, items: int, decay: float | None) -> csr_matrix:
    """Weights of each user's items: float32 (users, items).

    The weight of a pair is multiplied by exp(−a / decay), a being the number of newer items of the
    user; without a decay the age does not matter.
    """
    pairs = histories.pairs()
    ages = np.repeat(pairs.offsets[1:], pairs.lengths) - 1 - np.arange(len(pairs.items))
    weights = (
        np.ones(len(ages), np.float32)
        if decay is None
        else np.exp(-ages / decay).astype(np.float32)
    )
    weights = weights if pairs.weights is None else weights * pairs.weights
    return csr_matrix((weights, pairs.items, pairs.offsets), (len(pairs), items))
