"""A space in which items are near each other when the same people like them, beyond what their popularity alone explains."""

from __future__ import annotations

import numpy as np

from tasks.core.histories import Histories


def correlation_space(histories: Histories, items: int, dimension: int = 64, shrink: float = 20.0, seed: int = 0) -> np.ndarray:
    """Vectors whose inner products approximate the correlation of "liked by" between items, shortened where the data is thin.

    With X the binary user-item matrix and Z its columns brought to mean 0 and variance 1, the item-item correlation is ZᵀZ / users.
    Its leading eigenvectors, scaled by the roots of their eigenvalues, are the best approximation in few dimensions (Eckart & Young
    1936); each row is then brought to unit length and multiplied by n / (n + shrink), n the users who like the item, so that a
    chance resemblance of something rare does not outrank a well-supported one (Bell & Koren 2007). Z is never built: cost and
    memory are linear in the rows of the histories.

    Correlation is used rather than the cosine of a sequence model's vectors because those are near for what is consumed at the
    same time, which in data rated in one sitting is what happened to be listed together.

    Args:
        histories: what each user liked; an item twice counts once.
        items: how many rows the result has.
        dimension: at most; a small catalogue gives fewer.
        shrink: users; 0 leaves unit length.
        seed: of the starting vector.

    Returns:
        float32 (items, ≤ dimension). A row of zeros for an item nobody or everybody likes.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import LinearOperator, svds

    users = len(histories)
    liked = csr_matrix((np.ones(len(histories.items)), histories.items, histories.offsets), shape=(users, items))
    liked.sum_duplicates()
    liked.data[:] = 1.0
    count = np.asarray(liked.sum(axis=0)).ravel()
    mean = count / max(users, 1)
    deviation = np.sqrt(mean * (1 - mean) * users)
    weight = np.divide(1.0, deviation, out=np.zeros(items), where=deviation > 0)
    k = min(dimension, users - 1, items - 1)
    if k < 1 or not weight.any():
        return np.zeros((items, max(k, 1)), np.float32)
    standardised = LinearOperator((users, items), dtype=np.float64,
                                  matvec=lambda x: liked @ (weight * x.ravel()) - mean @ (weight * x.ravel()),
                                  rmatvec=lambda y: weight * (liked.T @ y.ravel() - mean * y.sum()))
    _, values, vectors = svds(standardised, k=k, random_state=seed)
    rows = vectors.T * values
    rows[np.linalg.norm(rows, axis=1) < 1e-9] = 0.0
    return (unit(rows) * (count / (count + shrink))[:, None]).astype(np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    """The rows brought to unit length; rows of zeros stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
