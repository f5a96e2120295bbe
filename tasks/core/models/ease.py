"""EASE: the linear model of items from items that leaves each one out of its own prediction, in
closed form.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack
from sklearn.utils.extmath import randomized_svd


def ease(counts: np.ndarray, penalty: float) -> np.ndarray:
    """argmin ‖X − XB‖² + λ‖B‖² with diag B = 0: with P = (XᵀX + λI)⁻¹, B_ij = −P_ij / P_jj (Steck
    2019, eq. 8).

    Args:
        counts: float64 (items, items), XᵀX.
        penalty: λ > 0.

    Returns:
        float32 (items, items), rows one after the other; a user's scores are the sum of the rows of
        what the user liked.
    """
    inverse = counts + penalty * np.eye(len(counts))
    inverse, failed = lapack.dpotrf(inverse, lower=True, overwrite_a=True, clean=True)
    if not failed:
        inverse, failed = lapack.dpotri(inverse, lower=True, overwrite_c=True)
    if failed:
        raise ValueError(f"XᵀX + {penalty} I is not positive definite")
    inverse += np.tril(inverse, -1).T
    weights = (-inverse / inverse.diagonal()).astype(
        np.float32, order="C"
    )  # LAPACK's order would be copied by every sparse product
    np.fill_diagonal(weights, 0)
    return weights


def low_rank(weights: np.ndarray, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest product of two thin matrices, which an inner-product index can serve: U S and V
    of the singular value decomposition.

    Returns:
        float32 (items, d): what a liked item adds to the query; float32 (items, d): the candidate
            vectors.
    """
    left, values, right = randomized_svd(
        weights, min(dimensions, len(weights)), n_iter=4, random_state=0
    )
    return (left * values).astype(np.float32), np.ascontiguousarray(right.T, np.float32)
