"""Health of a candidate: signs of a fault in its vectors and queries."""

from __future__ import annotations

import numpy as np

from tasks.core.data.snapshot import Queries
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.unit_rows import unit_rows
from tasks.evaluate.lists import Lists


def health(
    candidate: Candidate, item_ids: list[str], queries: Queries, lists: Lists
) -> dict[str, float]:
    """Figures by name; all but `longest` are shares from 0 to 1, or a cosine.

    Returns:
        not_finite, zero: share of the candidate's vectors.
        duplicate: share of the trained vectors that repeat another one; cold items are left out,
            because those of the same genres rightly have the same vector.
        alike: mean cosine of two trained vectors; 1 for a space that has collapsed onto one
            direction.
        longest: greatest norm, in medians of the norms.
        queries_not_finite: share of the users.
        silent: share of the users with a history for whom the candidate has no list.
        items_known: share of the snapshot's items that were trained.
    """
    vectors = np.ascontiguousarray(candidate.vectors)
    trained = np.delete(vectors, candidate.cold, axis=0)
    different = len(
        np.unique(trained.view(np.dtype((np.void, trained.itemsize * vectors.shape[1]))))
    )
    with_history, rows = queries.histories.lengths > 0, candidate.rows_of(item_ids)
    finite = trained[np.isfinite(trained).all(axis=1)].astype(np.float64)
    return {
        "not_finite": float(1 - np.isfinite(vectors).all(axis=1).mean()),
        "zero": float(1 - vectors.any(axis=1).mean()),
        "duplicate": 1 - different / max(len(trained), 1),
        "alike": _mean_cosine(finite),
        "longest": _max_norm_ratio(finite),
        "queries_not_finite": float(lists.not_finite.mean()),
        "silent": float((lists.without_list & with_history).sum() / max(with_history.sum(), 1)),
        "items_known": float(((rows >= 0) & ~np.isin(rows, candidate.cold)).mean()),
    }


def _mean_cosine(vectors: np.ndarray) -> float:
    """Mean cosine of two rows; with unit rows v, the sum over pairs is |Σ v|² − n."""
    n = len(vectors)
    return (
        float((np.square(unit_rows(vectors).sum(axis=0)).sum() - n) / (n * (n - 1)))
        if n > 1
        else 0.0
    )


def _max_norm_ratio(vectors: np.ndarray) -> float:
    norms = np.linalg.norm(vectors, axis=1)
    median = float(np.median(norms)) if len(norms) else 0.0
    return float(norms.max() / median) if median > 0 else 0.0
