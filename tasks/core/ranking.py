"""Exact top-k by inner product, in blocks, seen items left out.

A query is one vector, or several side by side (a user's interests): then an item's score is the best of their inner products with it.
"""

from __future__ import annotations

import numpy as np

from tasks.core.histories import Histories

SCORES = 2**26  # held at a time


def top_k(queries: np.ndarray, vectors: np.ndarray, k: int, seen: Histories | None = None, block: int | None = None) -> np.ndarray:
    """The rows of the k best vectors of each query, best first.

    Args:
        queries: float32 (q, d), or (q, interests d).
        vectors: float32 (n, d).
        k: how many; at most n are returned.
        seen: rows of `vectors` to leave out, one list a query (q users).
        block: queries scored at a time; None: 1024, and fewer over many vectors, so that their scores stay below 256 MB.

    Returns:
        int32 (q, min(k, n)); −1 where fewer than k unseen rows exist. Equal scores are ordered by row; which of them stand at the very end of the
        list is arbitrary but repeatable.
    """
    n, k = len(vectors), min(k, len(vectors))
    block = block or min(1024, max(1, SCORES // max(n, 1)))
    best = np.full((len(queries), k), -1, np.int32)
    for start in range(0, len(queries), block):
        scores = score(queries[start:start + block], vectors)
        if seen is not None:
            one = seen.take(np.arange(start, start + len(scores)))
            scores[one.users(), one.items] = -np.inf
        rows = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k < n else np.broadcast_to(np.arange(n), scores.shape)
        picked = np.take_along_axis(scores, rows, axis=1)
        order = np.lexsort((rows, -picked), axis=1)
        best[start:start + len(scores)] = np.where(np.take_along_axis(picked, order, axis=1) > -np.inf,
                                                   np.take_along_axis(rows, order, axis=1), -1)
    return best


def score(queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """float32 (q, n): the inner product, of several query vectors the best.

    Args:
        queries: float32 (q, d), or (q, interests d).
        vectors: float32 (n, d).
    """
    d = vectors.shape[1]
    best = queries[:, :d] @ vectors.T
    for begin in range(d, queries.shape[1], d):
        np.maximum(best, queries[:, begin:begin + d] @ vectors.T, out=best)
    return best


def recall(best: np.ndarray, labels: Histories, expected: np.ndarray) -> float:
    """Mean over users of the labels found, as a share of those wanted.

    Args:
        best: int32 (q, k), the rows recommended to each user.
        labels: the rows to find (q users); what the model does not know is not among them.
        expected: int64 (q), how many were to be found, the unknown ones included: an unknown item is a miss.
    """
    users = labels.users()
    hits = (best[users] == labels.items[:, None]).any(axis=1)
    return float(np.mean(np.bincount(users[hits], minlength=len(labels)) / expected))
