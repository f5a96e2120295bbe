"""Truncated singular value decomposition of matrices of items by items."""

from __future__ import annotations

import numpy as np
from sklearn.utils.extmath import randomized_svd

OVERSAMPLING, POWER_ITERATIONS = 20, 6  # directions beyond d, and rounds


def truncated_svd(
    matrix: np.ndarray, dimension: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Factor a matrix into U √S and V √S of its leading singular directions, by random projections
    (Halko et al. 2011).

    Args:
        matrix: float32 (items, items).
        dimension: d; dimensions beyond the number of items are zero.
        random: draws the first directions.

    Returns:
        Two float32 (items, dimension), whose product is the best approximation of that rank.
    """
    items, kept = len(matrix), min(dimension, len(matrix))
    left, values, right = randomized_svd(
        matrix,
        kept,
        n_oversamples=OVERSAMPLING,
        n_iter=POWER_ITERATIONS,
        power_iteration_normalizer="QR",
        random_state=int(random.integers(2**31)),
    )
    factors = np.zeros((2, items, dimension), np.float32)
    factors[0, :, :kept] = left * np.sqrt(values)
    factors[1, :, :kept] = right.T * np.sqrt(values)
    return factors[0], factors[1]
