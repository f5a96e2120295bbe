"""Recall@50 on the validation rows, by the encoder that will be served."""

from __future__ import annotations

import numpy as np

from tasks.core.decoding.model import Model
from tasks.core.ranking import recall, top_k
from tasks.core.snapshot import Queries

K = 50


class Validation:
    """The validation users of a snapshot, at most `users` of them drawn by `seed`.

    Args:
        queries: the validation users.
        items: rows of the item table.
    """

    def __init__(self, queries: Queries, items: int, users: int, seed: int) -> None:
        chosen = np.arange(len(queries.users))
        if users < len(chosen):
            chosen = np.sort(np.random.default_rng(seed).permutation(len(chosen))[:users])
        self.histories, self.labels, self.seen = (part.take(chosen) for part in (queries.histories, queries.labels, queries.seen))
        self.items = items

    def recall(self, model: Model) -> float:
        """Mean over users of (labels among the top 50, seen items left out) / labels; an item without a vector is a miss."""
        places = model.places(self.items)
        best = top_k(model.encoder.encode(self.histories.renamed(places)), model.candidates, K, self.seen.renamed(places))
        return recall(best, self.labels.renamed(places), self.labels.lengths)

    def spread(self, model: Model) -> float:
        """How much scores differ from item to item: their standard deviation for one query, averaged over at most 1,000 users."""
        some = self.histories.take(np.arange(min(len(self.histories), 1000))).renamed(model.places(self.items))
        return float((model.encoder.encode(some) @ model.candidates.T).std(axis=1).mean())
