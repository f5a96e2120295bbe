"""Reciprocal rank at k; its mean over users is MRR."""

from __future__ import annotations

import numpy as np


def reciprocal_rank(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """1 / rank of the first label, 0 when none is in the list.

    Voorhees, TREC-8 question answering track, 1999.

    Args:
        hits: bool (users, k), best first.
        relevant: int (users), not used.

    Returns:
        float64 (users), 0 to 1.
    """
    return np.where(hits.any(axis=1), 1.0 / (hits.argmax(axis=1) + 1), 0.0)
