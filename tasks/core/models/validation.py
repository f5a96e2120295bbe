"""Recall@50 on the validation rows, by the encoder that will be served."""

from __future__ import annotations

import time

import numpy as np

from tasks.core.data.snapshot import Queries
from tasks.core.data.user_sample import sample_size, sample_users
from tasks.core.models.decoders.search_model import SearchModel
from tasks.core.retrieval.top_k import recall

K = 50
FEW = 500


class Validation:
    """The validation users of a snapshot, some of them drawn by `seed`.

    Args:
        queries: the validation users.
        items: rows of the item table.
        users: how many are drawn at most; None: the size of the catalogue decides.

    Attributes:
        seconds: spent on it so far.
    """

    def __init__(self, queries: Queries, items: int, users: int | None, seed: int) -> None:
        self.items, self._queries, self._whole = (
            items,
            queries.take(sample_users(len(queries.users), sample_size(users, items), seed)),
            self,
        )
        self.seconds = 0.0
        self.histories, self.labels, self.seen = (
            self._queries.histories,
            self._queries.labels,
            self._queries.seen,
        )

    def __len__(self) -> int:
        return len(self.histories)

    def few(self) -> Validation:
        """The first of them, to tell which models are worth asking all of them about; its time is
        counted here.
        """
        few = Validation(self._queries.take(np.arange(min(FEW, len(self)))), self.items, FEW, 0)
        few._whole = self
        return few

    def recall(self, model: SearchModel) -> float:
        """Mean over users of (labels among the top 50, seen items left out) / labels; an item
        without a vector is a miss.
        """
        begun, places = time.monotonic(), model.places(self.items)
        asked = model.encoder.encode(self.histories.renamed(places))
        found = recall(
            asked,
            model.candidates,
            K,
            self.labels.renamed(places),
            self.labels.lengths,
            self.seen.renamed(places),
        )
        self._whole.seconds += time.monotonic() - begun
        return found

    def spread(self, model: SearchModel) -> float:
        """How much scores differ from item to item: their standard deviation for one query,
        averaged over at most 1,000 users.
        """
        some = self.histories.take(np.arange(min(len(self.histories), 1000))).renamed(
            model.places(self.items)
        )
        return float((model.encoder.encode(some) @ model.candidates.T).std(axis=1).mean())
