"""Recall@50 on the validation rows, by the encoder that will be served."""

from __future__ import annotations

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.data.user_sample import sample_size, sample_users
from tasks.core.retrieval.encoders import Encoder
from tasks.core.retrieval.top_k import recall

K = 50


class Validation:
    """A fixed sample of a snapshot's validation users, the same for every seed and every epoch.

    Args:
        queries: the validation users.
        rows: int32 (items of the snapshot), the model's row of each, −1 for one it does not know.
        users: how many are drawn at most; None: the size of the catalogue decides.
        attributes: of the validation users, in their order, where the encoder reads them.
    """

    def __init__(
        self,
        queries: Queries,
        rows: np.ndarray,
        users: int | None,
        attributes: UserAttributes | None = None,
    ) -> None:
        chosen = sample_users(len(queries.users), sample_size(users, len(rows)))
        self.histories, self.seen = (
            part.take(chosen).renamed(rows) for part in (queries.histories, queries.seen)
        )
        self.expected = queries.labels.take(chosen).lengths
        self.labels = queries.labels.take(chosen).renamed(rows)
        self.attributes = attributes.take(chosen) if attributes is not None else None

    def recall(self, encoder: Encoder, candidates: np.ndarray) -> float:
        """Mean over users of (labels among the top 50, seen items left out) / labels; an unknown
        item is a miss.
        """
        asked = encoder.encode(self.histories, self.attributes)
        return recall(asked, candidates, K, self.labels, self.expected, self.seen)

    def recall_of_newcomers(self, encoder: Encoder, candidates: np.ndarray) -> float:
        """The same for users of whom attributes are all that is known: no history, and an id that
        nobody has seen.
        """
        columns = {name: values for name, values in self.attributes.columns.items() if name != "id"}
        asked = encoder.encode(
            Histories.of_lists([[]] * len(self.histories)),
            UserAttributes(len(self.histories), columns),
        )
        return recall(asked, candidates, K, self.labels, self.expected, self.seen)
