"""Hit rate at k."""

from __future__ import annotations

import numpy as np


def hit_rate(hits: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """1 when at least one label is in the list, else 0.

    Deshpande & Karypis 2004, there for a single label.

    Args:
        hits: bool (users, k), best first.
        relevant: int (users), not used.

    Returns:
        float64 (users), 0 or 1.
    """
    return np.any(hits, axis=1).astype(np.float64)
