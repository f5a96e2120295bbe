"""Turning one vector space onto another without changing any inner product: orthogonal Procrustes.

What a model learns is settled by inner products alone, so a retrained model may come back turned or
mirrored, and whoever keeps vectors of yesterday (a downstream model, a cache of users) could not
compare them with today's. `rotation` finds the orthogonal matrix that lays today's space closest to
yesterday's (Schönemann 1966); queries and candidates turned by the same matrix have exactly the
scores they had.
"""

from __future__ import annotations

import numpy as np


def best_rotation(vectors: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """The orthogonal R with the least ‖vectors · R − onto‖ (Frobenius): R = U V', where U S V' =
    vectors' · onto.

    Args:
        vectors: (n, d), n ≥ 1.
        onto: (n, d), the same things in the space to keep, row by row.

    Returns:
        float64 (d, d). Directions that the n rows do not settle (n < d) are turned somehow, still
        orthogonally.

    Raises:
        ValueError: the shapes differ, or there is no row.
    """
    if vectors.shape != onto.shape or not len(vectors):
        raise ValueError(
            f"shapes {vectors.shape} and {onto.shape}: expected two equal ones with at least "
            f"one row"
        )
    left, _, right = np.linalg.svd(vectors.astype(np.float64).T @ onto.astype(np.float64))
    return left @ right


def rotate(vectors: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Vectors turned by R, block by block.

    Where candidates are several vectors of one space side by side, [c₁ | c₂ | … | rest], and
    queries are [q₁ | q₂ | … | rest], every block is turned by the same R and Σ qₖ·cₖ stays; a rest
    narrower than a block (a bias, a popularity term) is left alone.

    Args:
        vectors: (n, b · d + rest), b ≥ 0 blocks.
        rotation: (d, d), orthogonal.

    Returns:
        float32, the same shape.
    """
    d = len(rotation)
    end = vectors.shape[1] // d * d
    blocks = vectors[:, :end].astype(np.float64).reshape(len(vectors), -1, d) @ rotation
    return np.hstack([blocks.reshape(len(vectors), end), vectors[:, end:]]).astype(np.float32)
