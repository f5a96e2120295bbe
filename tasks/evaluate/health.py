"""Health: whether a candidate's vectors and queries are what a model leaves, or what a fault leaves."""

from __future__ import annotations

import numpy as np

from tasks.core.candidate import Candidate
from tasks.core.snapshot import Queries
from tasks.evaluate.lists import Lists


def health(candidate: Candidate, item_ids: list[str], queries: Queries, lists: Lists) -> dict[str, float]:
    """Shares, 0 to 1.

    Returns:
        not_finite, zero: of the candidate's vectors.
        duplicate: of the trained ones, those beyond the first of each kind; cold items of the same genres rightly have the same vector.
        queries_not_finite: of the users.
        silent: of the users with a history in the snapshot, those the candidate has no list for.
        items_known: of the snapshot's items, those that were trained.
    """
    vectors = np.ascontiguousarray(candidate.vectors)
    trained = np.delete(vectors, candidate.cold, axis=0)
    different = len(np.unique(trained.view(np.dtype((np.void, trained.itemsize * vectors.shape[1])))))
    asked, rows = queries.histories.lengths > 0, candidate.rows_of(item_ids)
    return {
        "not_finite": float(1 - np.isfinite(vectors).all(axis=1).mean()),
        "zero": float(1 - vectors.any(axis=1).mean()),
        "duplicate": 1 - different / max(len(trained), 1),
        "queries_not_finite": float(lists.faulty.mean()),
        "silent": float((lists.silent & asked).sum() / max(asked.sum(), 1)),
        "items_known": float(((rows >= 0) & ~np.isin(rows, candidate.cold)).mean()),
    }
