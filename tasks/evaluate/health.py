"""Health: whether a candidate's vectors and queries are what a model leaves, or what a fault leaves."""

from __future__ import annotations

import numpy as np

from tasks.core.candidate import Candidate
from tasks.core.similar import unit
from tasks.core.snapshot import Queries
from tasks.evaluate.lists import Lists


def health(candidate: Candidate, item_ids: list[str], queries: Queries, lists: Lists) -> dict[str, float]:
    """Shares from 0 to 1, but for the norms.

    Returns:
        not_finite, zero, duplicate: of the candidate's vectors; duplicates beyond the first of each kind.
        alike: the mean cosine of two different vectors; 1 for a space that has collapsed onto one direction.
        longest: the greatest norm, in medians of the norms.
        queries_not_finite: of the users.
        silent: of the users with a history in the snapshot, those the candidate has no list for.
        items_known: of the snapshot's items.
    """
    vectors = np.ascontiguousarray(candidate.vectors)
    different = len(np.unique(vectors.view(np.dtype((np.void, vectors.itemsize * vectors.shape[1])))))
    asked = queries.histories.lengths > 0
    finite = vectors[np.isfinite(vectors).all(axis=1)].astype(np.float64)
    return {
        "not_finite": float(1 - len(finite) / len(vectors)),
        "zero": float(1 - vectors.any(axis=1).mean()),
        "duplicate": 1 - different / len(vectors),
        "alike": _alike(finite),
        "longest": _longest(finite),
        "queries_not_finite": float(lists.faulty.mean()),
        "silent": float((lists.silent & asked).sum() / max(asked.sum(), 1)),
        "items_known": float((candidate.rows_of(item_ids) >= 0).mean()),
    }


def _alike(vectors: np.ndarray) -> float:
    """With unit rows v, the sum over pairs is |Σ v|² − n."""
    n = len(vectors)
    return float((np.square(unit(vectors).sum(axis=0)).sum() - n) / (n * (n - 1))) if n > 1 else 0.0


def _longest(vectors: np.ndarray) -> float:
    norms = np.linalg.norm(vectors, axis=1)
    middle = float(np.median(norms)) if len(norms) else 0.0
    return float(norms.max() / middle) if middle > 0 else 0.0
