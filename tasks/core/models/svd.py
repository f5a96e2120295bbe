"""A matrix of items by items as two thin ones, whose product is its best approximation of that
rank.
"""

from __future__ import annotations

import numpy as np

OVERSAMPLING, POWER_ITERATIONS = 20, 6  # directions beyond d, and rounds of power iteration


def truncated_svd(
    matrix: np.ndarray, dimension: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """U √S and V √S of the leading singular directions by random projections (Halko et al. 2011),
    float32 (items, dimension).

    Args:
        matrix: float32 (items, items).
        dimension: d; what is more than the number of items is zero.
        random: draws the first directions.
    """
    items, kept = len(matrix), min(dimension, len(matrix))
    basis = matrix @ random.standard_normal((items, min(kept + OVERSAMPLING, items)), np.float32)
    for _ in range(POWER_ITERATIONS):
        basis = matrix @ (matrix.T @ np.linalg.qr(basis)[0])
    basis = np.linalg.qr(basis)[0]
    left, values, right = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    made = np.zeros((2, items, dimension), np.float32)
    root = np.sqrt(values[:kept])
    made[0, :, :kept], made[1, :, :kept] = (basis @ left[:, :kept]) * root, right[:kept].T * root
    return made[0], made[1]
