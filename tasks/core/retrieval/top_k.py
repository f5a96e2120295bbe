"""Exact top-k by inner product, in blocks, seen items left out.

A query is one vector, or several side by side (a user's interests): then an item's score is the
best of their inner products with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.core.data.histories import Histories

BLOCK_SCORES = 2**26  # held at a time
MANY_QUERIES = 20  # scores wanted, from which one sort costs less than a count for each


def top_k(
    queries: np.ndarray,
    vectors: np.ndarray,
    k: int,
    seen: Histories | None = None,
    block: int | None = None,
) -> np.ndarray:
    """The rows of the k best vectors of each query, best first.

    Args:
        queries: float32 (q, d), or (q, interests d).
        vectors: float32 (n, d).
        k: how many; at most n are returned.
        seen: rows of `vectors` to leave out, one list a query (q users).
        block: queries scored at a time; None: 1024, and fewer over many vectors, so that their
            scores stay below 256 MB.

    Returns:
        int32 (q, min(k, n)); −1 where fewer than k unseen rows exist. Equal scores are ordered by
        row; which of them stand at the very end of the list is arbitrary but repeatable.
    """
    n, k = len(vectors), min(k, len(vectors))
    best = np.full((len(queries), k), -1, np.int32)
    for start, scores in _blocks(queries, vectors, seen, block):
        rows = (
            np.argpartition(-scores, k - 1, axis=1)[:, :k]
            if k < n
            else np.broadcast_to(np.arange(n), scores.shape)
        )
        picked = np.take_along_axis(scores, rows, axis=1)
        order = np.lexsort((rows, -picked), axis=1)
        best[start : start + len(scores)] = np.where(
            np.take_along_axis(picked, order, axis=1) > -np.inf,
            np.take_along_axis(rows, order, axis=1),
            -1,
        )
    return best


def inner_products(queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """float32 (q, n): the inner product, of several query vectors the best.

    Args:
        queries: float32 (q, d), or (q, interests d).
        vectors: float32 (n, d).
    """
    d = vectors.shape[1]
    best = queries[:, :d] @ vectors.T
    for begin in range(d, queries.shape[1], d):
        np.maximum(best, queries[:, begin : begin + d] @ vectors.T, out=best)
    return best


def recall(
    queries: np.ndarray,
    vectors: np.ndarray,
    k: int,
    labels: Histories,
    expected: np.ndarray,
    seen: Histories | None = None,
) -> float:
    """Mean over users of the labels among their k best, as a share of those wanted.

    Counted, not sorted: a label is among the k best where fewer than k stand before it, a third of
    the time of `top_k`.

    Args:
        queries, vectors, k, seen: as in `top_k`; equal scores are ordered by row.
        labels: the rows to find (q users); what the model does not know is not among them.
        expected: int64 (q), how many were to be found, the unknown ones included: an unknown item
            is a miss.
    """
    found = np.zeros(len(labels.items), bool)
    for start, scores in _blocks(queries, vectors, seen):
        for row, user in zip(scores, range(start, start + len(scores)), strict=True):
            begin, end = labels.offsets[user : user + 2]
            if end > begin:
                wanted = labels.items[begin:end]
                found[begin:end] = (ranks(row, wanted) < k) & (row[wanted] > -np.inf)
    return float(np.mean(np.bincount(labels.users()[found], minlength=len(labels)) / expected))


def ranks(scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """int64 (l): how many of these scores (n) stand before each of these rows: higher ones, and
    equal ones of a lower row.
    """
    wanted = scores[rows]
    return count_above(scores, wanted) + np.array(
        [np.count_nonzero(scores[:row] == one) for row, one in zip(rows, wanted, strict=True)],
        np.int64,
    )


def count_above(scores: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """int64 (l): how many of these scores (n) are higher than each wanted one."""
    if len(wanted) > MANY_QUERIES:
        return len(scores) - np.searchsorted(np.sort(scores), wanted, side="right")
    return np.array([np.count_nonzero(scores > one) for one in wanted], np.int64)


def _blocks(
    queries: np.ndarray, vectors: np.ndarray, seen: Histories | None, block: int | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """The first query of each block and its scores, float32 (b, n), −∞ for what was seen."""
    block = block or min(1024, max(1, BLOCK_SCORES // max(len(vectors), 1)))
    for start in range(0, len(queries), block):
        scores = inner_products(queries[start : start + block], vectors)
        if seen is not None:
            one = seen.select_users(np.arange(start, start + len(scores)))
            scores[one.users(), one.items] = -np.inf
        yield start, scores
