"""Recall@50 on the validation rows, by the encoder that will be served."""

from __future__ import annotations

import dataclasses
import time
from typing import Protocol

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.data.user_sample import sample_size, sample_users
from tasks.core.retrieval.encoders import Encoder
from tasks.core.retrieval.top_k import recall

K = 50
SCREENING_USERS = 500
SPREAD_USERS = 1000


class Searchable(Protocol):
    """A model as it is validated: its queries meet its candidates by inner product."""

    @property
    def encoder(self) -> Encoder: ...

    @property
    def candidates(self) -> np.ndarray: ...

    def positions(self, items: int) -> np.ndarray:
        """int32 (items of the snapshot): the model's row of each, −1 for one it does not know."""


@dataclasses.dataclass(frozen=True)
class Searched:
    """A `Searchable` whose rows are known already."""

    encoder: Encoder
    candidates: np.ndarray
    rows: np.ndarray

    def positions(self, items: int) -> np.ndarray:
        return self.rows


class Validation:
    """A sample of a snapshot's validation users, drawn once and the same for a seed.

    Args:
        queries: the validation users.
        items: of the snapshot.
        users: how many are drawn at most; None: the size of the catalogue decides.

    Attributes:
        seconds: spent on `recall` so far.
    """

    def __init__(self, queries: Queries, items: int, users: int | None, seed: int = 0) -> None:
        self._queries = queries.select_users(
            sample_users(len(queries.users), sample_size(users, items), seed)
        )
        self.items, self._whole = items, self
        self.seconds = 0.0

    def __len__(self) -> int:
        return len(self._queries.histories)

    def few(self) -> Validation:
        """The first of the users, to screen models before all users are asked; its seconds count
        as this one's.
        """
        first = self._queries.select_users(np.arange(min(SCREENING_USERS, len(self))))
        few = Validation(first, self.items, SCREENING_USERS)
        few._whole = self
        return few

    def recall(self, model: Searchable) -> float:
        """Mean over users of (labels among the top 50, seen items left out) / labels; an item the
        model does not know is a miss.
        """
        begun, rows = time.monotonic(), model.positions(self.items)
        queries = model.encoder.encode(
            self._queries.histories.remap_items(rows), self._queries.attributes
        )
        found = self._recall(queries, model.candidates, rows)
        self._whole.seconds += time.monotonic() - begun
        return found

    def recall_of_cold_start_users(self, model: Searchable) -> float:
        """Recall as for `recall`, of users without a history and with an unknown id, of whom only
        attributes are known.
        """
        attributes = self._queries.attributes
        columns = dict(attributes.columns) if attributes else {}
        columns.pop("id", None)
        histories = Histories.of_lists([[]] * len(self))
        queries = model.encoder.encode(histories, UserAttributes(len(self), columns))
        return self._recall(queries, model.candidates, model.positions(self.items))

    def _recall(self, queries: np.ndarray, candidates: np.ndarray, rows: np.ndarray) -> float:
        labels, seen = self._queries.labels, self._queries.seen
        return recall(
            queries, candidates, K, labels.remap_items(rows), labels.lengths, seen.remap_items(rows)
        )

    def spread(self, model: Searchable) -> float:
        """The standard deviation of one query's scores over the items, averaged over at most 1,000
        users.
        """
        some = self._queries.histories.select_users(np.arange(min(len(self), SPREAD_USERS)))
        queries = model.encoder.encode(some.remap_items(model.positions(self.items)))
        return float((queries @ model.candidates.T).std(axis=1).mean())
