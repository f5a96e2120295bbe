"""The user tower of the two-tower model in numpy: history, attributes and id, whichever of them are
known, to a query.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from tasks.core.data.categorical import Bags, CategoricalFeature
from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders.scales import ScalesEncoder
from tasks.core.store.arrays import StringTable

ID = "id"


class TowerEncoder:
    """One hidden layer over what is known, and a straight way past it.

        x = [m_1, …, m_K, a, u],  q = V relu(W x + b) + D x + c,  query = [q, 1]
    with m_k the mean of the vectors of what the user liked by the k-th decay (see `ScalesEncoder`),
    a the sum over the attributes of the mean vector of its values, u the vector of the id. What is
    not known is zero. Of whom nothing at all is known, the query is zero: the average user's would
    pass for an answer, where the popular items are one that says what it is.

    Args:
        inputs: float32 (items, d), item vectors as the tower reads them.
        values: float32 (Σ rows of the features, d), the vectors of all features' values, one
            feature after the other.
        user_vectors: float32 (users known by id, d); none where ids are not read.
        ids_block, ids_offsets: the string table of those users' ids.
        hidden, hidden_bias: W (h, (K + 2) d), b (h).
        output, direct, output_bias: V (d, h), D (d, (K + 2) d), c (d).
        features: of each attribute: name, values, edges.
        decays, last: of the history's means.
    """

    kind = "tower"
    BLOCK = 4096  # users encoded together

    def __init__(
        self,
        inputs: np.ndarray,
        values: np.ndarray,
        user_vectors: np.ndarray,
        ids_block: np.ndarray,
        ids_offsets: np.ndarray,
        hidden: np.ndarray,
        hidden_bias: np.ndarray,
        output: np.ndarray,
        direct: np.ndarray,
        output_bias: np.ndarray,
        features: list[dict[str, Any]],
        decays: list[float | None],
        last: int | None = None,
    ) -> None:
        self.inputs, self.values, self.user_vectors = inputs, values, user_vectors
        self.ids_block, self.ids_offsets = ids_block, ids_offsets
        self.hidden, self.hidden_bias = hidden, hidden_bias
        self.output, self.direct, self.output_bias = output, direct, output_bias
        self.features = [
            CategoricalFeature(one["name"], tuple(one["values"]), tuple(one["edges"]))
            for one in features
        ]
        self.decays, self.last = list(decays), last
        self.dimension = output.shape[0] + 1
        self.columns = (
            *(feature.name for feature in self.features),
            *([ID] if len(user_vectors) else []),
        )
        self._scales = ScalesEncoder(inputs, self.decays, last)
        self._tables = (
            np.split(values, np.cumsum([len(feature) for feature in self.features])[:-1])
            if self.features
            else []
        )

    def encode(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """float32 (users, d + 1); zeros for whom nothing is known of."""
        queries = np.zeros((len(histories), self.dimension), np.float32)
        bags, ids = self._bags(users), self._ids(users)
        for start in range(0, len(histories), self.BLOCK):
            block = np.arange(start, min(start + self.BLOCK, len(histories)))
            queries[block] = self._block(
                histories.select_users(block),
                [bag.take(block) for bag in bags],
                ids[block] if len(ids) else ids,
            )
        return queries

    def _block(self, histories: Histories, bags: list[Bags], ids: np.ndarray) -> np.ndarray:
        d = self.inputs.shape[1]
        about, own = (
            np.zeros((len(histories), d), np.float32),
            np.zeros((len(histories), d), np.float32),
        )
        known = self._read(histories)
        for bag, table in zip(bags, self._tables, strict=False):  # no bags: nothing is known
            about += bag.means(table)
            known |= bag.lengths > 0
        if len(ids):
            own[ids >= 0] = self.user_vectors[ids[ids >= 0]]
            known |= ids >= 0
        means = [self._scales.encode(histories)] if self.decays else []
        x = np.concatenate([*means, about, own], axis=1)
        inner = np.maximum(x @ self.hidden.T + self.hidden_bias, 0)
        q = inner @ self.output.T + x @ self.direct.T + self.output_bias
        return np.where(
            known[:, None],
            np.concatenate([q, np.ones((len(q), 1), np.float32)], axis=1),
            np.float32(0),
        )

    def knows(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """bool (users): whoever has a history, an attribute with a value that was learned, or an id
        that was.
        """
        known, ids = self._read(histories), self._ids(users)
        for bag in self._bags(users):
            known = known | (bag.lengths > 0)
        return known | (ids >= 0) if len(ids) else known

    def _read(self, histories: Histories) -> np.ndarray:
        """bool (users): whoever has a history that the tower reads."""
        return (histories.lengths > 0) & bool(self.decays)

    def _bags(self, users: UserAttributes | None) -> list[Bags]:
        if users is None:
            return []
        return [
            feature.rows(users.columns.get(feature.name, [None] * len(users)))
            for feature in self.features
        ]

    def _ids(self, users: UserAttributes | None) -> np.ndarray:
        """int64 (users), the row of each id, −1 where it is new; empty where none are given."""
        if users is None or ID not in users.columns or not len(self.user_vectors):
            return np.zeros(0, np.int64)
        return np.array([self._row.get(str(id), -1) for id in users.columns[ID]], np.int64)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {id: row for row, id in enumerate(StringTable(self.ids_block, self.ids_offsets))}

    def numbers(self) -> dict[str, Any]:
        features = [
            {"name": one.name, "values": list(one.values), "edges": list(one.edges)}
            for one in self.features
        ]
        return {"features": features, "decays": self.decays, "last": self.last}

    def arrays(self) -> dict[str, np.ndarray]:
        names = (
            "inputs",
            "values",
            "user_vectors",
            "ids_block",
            "ids_offsets",
            "hidden",
            "hidden_bias",
            "output",
            "direct",
            "output_bias",
        )
        return {name: getattr(self, name) for name in names}
