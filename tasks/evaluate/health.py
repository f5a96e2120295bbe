"""Health: whether a candidate's vectors and queries are what a model leaves, or what a fault leaves."""

from __future__ import annotations

import numpy as np

from tasks.core.candidate import Candidate
from tasks.core.snapshot import Queries
from tasks.evaluate.lists import Lists


def health(candidate: Candidate, item_ids: list[str], queries: Queries, lists: Lists) -> dict[str, float]:
    """Shares, 0 to 1.

    Returns:
        not_finite, zero, duplicate: of the candidate's vectors; duplicates beyond the first of each kind.
        queries_not_finite: of the users.
        silent: of the users with a history in the snapshot, those the candidate has no list for.
        items_known: of the snapshot's items.
    """
    vectors = np.ascontiguousarray(candidate.vectors)
    different = len(np.unique(vectors.view(np.dtype((np.void, vectors.itemsize * vectors.shape[1])))))
    asked = queries.histories.lengths > 0
    return {
        "not_finite": float(1 - np.isfinite(vectors).all(axis=1).mean()),
        "zero": float(1 - vectors.any(axis=1).mean()),
        "duplicate": 1 - different / len(vectors),
        "queries_not_finite": float(lists.faulty.mean()),
        "silent": float((lists.silent & asked).sum() / max(asked.sum(), 1)),
        "items_known": float((candidate.rows_of(item_ids) >= 0).mean()),
    }
