"""Neighbours of planted candidates: those of the highest cosine of their vectors."""

from __future__ import annotations

import numpy as np

from tasks.core.retrieval.neighbours import Neighbours
from tasks.core.retrieval.unit_rows import unit_rows


def by_cosine(vectors: np.ndarray, most: int = 100) -> Neighbours:
    """The table of vectors: a cosine as score, a like of both for every tenth of it."""
    unit = unit_rows(vectors)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -np.inf)
    rows = np.argsort(-scores, axis=1, kind="stable")[:, : min(most, len(vectors) - 1)]
    found = np.take_along_axis(scores, rows, axis=1).astype(np.float32)
    both = np.maximum(np.rint(10 * found), 1).astype(np.int32)
    return Neighbours(rows.astype(np.int32), found, both, np.full(len(vectors), 10, np.int32))
