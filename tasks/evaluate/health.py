"""Health: whether a candidate's vectors and queries are what a model leaves, or what a fault
leaves.
"""

from __future__ import annotations

import numpy as np

from tasks.core.data.snapshot import Queries
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.item_similarity import unit_rows
from tasks.evaluate.lists import Lists


def health(
    candidate: Candidate, item_ids: list[str], queries: Queries, lists: Lists
) -> dict[str, float]:
    """Shares from 0 to 1, but for the norms.

    Returns:
        not_finite, zero: of the candidate's vectors.
        duplicate: of the trained ones, those beyond the first of each kind; cold items of the same
            genres rightly have the same vector.
        alike: the mean cosine of two different vectors; 1 for a space that has collapsed onto one
            direction.
        longest: the greatest norm, in medians of the norms.
        queries_not_finite: of the users.
        silent: of the users with a history in the snapshot, those the candidate has no list for.
        items_known: of the snapshot's items, those that were trained.
    """
    vectors = np.ascontiguousarray(candidate.vectors)
    trained = np.delete(vectors, candidate.cold, axis=0)
    different = len(
        np.unique(trained.view(np.dtype((np.void, trained.itemsize * vectors.shape[1]))))
    )
    asked, rows = queries.histories.lengths > 0, candidate.rows_of(item_ids)
    finite = trained[np.isfinite(trained).all(axis=1)].astype(np.float64)
    return {
        "not_finite": float(1 - np.isfinite(vectors).all(axis=1).mean()),
        "zero": float(1 - vectors.any(axis=1).mean()),
        "duplicate": 1 - different / max(len(trained), 1),
        "alike": _alike(finite),
        "longest": _longest(finite),
        "queries_not_finite": float(lists.faulty.mean()),
        "silent": float((lists.silent & asked).sum() / max(asked.sum(), 1)),
        "items_known": float(((rows >= 0) & ~np.isin(rows, candidate.cold)).mean()),
    }


def _alike(vectors: np.ndarray) -> float:
    """With unit rows v, the sum over pairs is |Σ v|² − n."""
    n = len(vectors)
    return (
        float((np.square(unit_rows(vectors).sum(axis=0)).sum() - n) / (n * (n - 1)))
        if n > 1
        else 0.0
    )


def _longest(vectors: np.ndarray) -> float:
    norms = np.linalg.norm(vectors, axis=1)
    middle = float(np.median(norms)) if len(norms) else 0.0
    return float(norms.max() / middle) if middle > 0 else 0.0
