"""Truncated singular value decomposition of matrices of items by items.

scikit-learn's `randomized_svd` takes as long, but leaves 1e-8 of the longest vector in rows that
are zero, where this leaves 1e-16: `netmf` tells the rows that were never met by that.
"""

from __future__ import annotations

import numpy as np

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
    basis = matrix @ random.standard_normal((items, min(kept + OVERSAMPLING, items)), np.float32)
    for _ in range(POWER_ITERATIONS):
        basis = matrix @ (matrix.T @ np.linalg.qr(basis)[0])
    basis = np.linalg.qr(basis)[0]
    left, values, right = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    factors, root = np.zeros((2, items, dimension), np.float32), np.sqrt(values[:kept])
    factors[0, :, :kept] = (basis @ left[:, :kept]) * root
    factors[1, :, :kept] = right[:kept].T * root
    return factors[0], factors[1]
