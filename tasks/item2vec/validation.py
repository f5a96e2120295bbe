"""Validation recall, and the query that does best: how fast a liked item's weight decays with its age."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.encoders import MeanEncoder
from tasks.core.ranking import recall, top_k
from tasks.core.snapshot import Queries
from tasks.item2vec.training import Vectors

DECAYS = (None, 50.0, 20.0, 10.0, 5.0, 3.0, 2.0, 1.0)  # items; None weighs all alike
K = 50


@dataclasses.dataclass(frozen=True)
class Score:
    """Recall@50 over the validation users under one decay."""

    recall: float
    decay: float | None


class Validation:
    """The validation users of a snapshot, at most `users` of them drawn by `seed`."""

    def __init__(self, queries: Queries, items: int, users: int, seed: int) -> None:
        chosen = np.arange(len(queries.users))
        if users < len(chosen):
            chosen = np.sort(np.random.default_rng(seed).permutation(len(chosen))[:users])
        self.histories, self.labels, self.seen = (part.take(chosen) for part in (queries.histories, queries.labels, queries.seen))
        self.items, self._near = items, slice(None)

    def best(self, vectors: Vectors, decays: tuple = DECAYS) -> Score:
        """The decay with the highest recall, the slowest among equals: all are tried at first, then the last best and its neighbours."""
        scores = [Score(self.recall(vectors, decay), decay) for decay in decays[self._near]]
        best = max(scores, key=lambda score: score.recall)
        place = decays.index(best.decay)
        self._near = slice(max(place - 1, 0), place + 2)
        return best

    def recall(self, vectors: Vectors, decay: float | None) -> float:
        """Mean over users of (labels among the top 50, seen items left out) / labels; an item without a vector is a miss."""
        rows = np.full(self.items, -1, np.int32)
        rows[vectors.rows] = np.arange(len(vectors.rows))
        queries = MeanEncoder(vectors.inputs, decay).encode(self.histories.renamed(rows))
        best = top_k(queries, vectors.outputs, K, self.seen.renamed(rows))
        return recall(best, self.labels.renamed(rows), self.labels.lengths)
