"""What is known of somebody."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.core.data.user_attributes import UserAttributes
from tasks.retrieve.answers import Item
from tasks.retrieve.loaded_generation import NO_ROWS, LoadedGeneration


@dataclasses.dataclass(frozen=True)
class UserState:
    """What is known of one person, in the rows of each family.

    Attributes:
        vectors: family → stored query vector, float32 (d).
        liked: family → int32, liked rows, oldest first.
        seen: family → int32, every row to be left out: none of a family whose data set recommends
            again what was met.
        attributes: what else was told; None: nothing.
        queries: family → its query, as far as it was asked for; None where the model knows nothing
            of them.
    """

    vectors: Mapping[str, np.ndarray]
    liked: Mapping[str, np.ndarray]
    seen: Mapping[str, np.ndarray]
    attributes: UserAttributes | None = None
    queries: dict[str, np.ndarray | None] = dataclasses.field(default_factory=dict)

    def query(self, held: LoadedGeneration) -> np.ndarray | None:
        """float32 (d), or (interests d): the stored one, or made anew, once."""
        one = held.family
        if one not in self.queries:
            self.queries[one] = (
                self.vectors[one]
                if one in self.vectors
                else held.encode(self.liked[one], self.attributes)
            )
        return self.queries[one]

    @classmethod
    def of(
        cls,
        held: Mapping[str, LoadedGeneration],
        values: Mapping[str, list[Any]],
        history: list[str] | None,
        attributes: UserAttributes | None = None,
    ) -> UserState:
        """What the families know together: one of them may be a day older than the others, so what
        any of them saw is seen by all.

        Args:
            values: family → the stored vector and the stored rows of a user, None where there is
                none; empty without a user.
            history: ids of what was liked since, oldest first; then the stored vectors are out of
                date.
            attributes: what else is known now; then so are they.
        """
        vectors, liked, seen = {}, {}, {}
        for one, h in held.items():
            vector, rows = values[one] or (None, None)
            liked[one], seen[one] = h.seen(rows)
            if vector is not None and history is None and attributes is None:
                vectors[one] = h.vector(vector)
        if len(held) > 1:
            ids = list(
                {
                    id
                    for one, rows in seen.items()
                    for id in held[one].folder.item_ids.take(np.unique(rows))
                }
            )
            seen = {one: h.rows.known(ids) for one, h in held.items()}
        if history:
            more = {one: h.rows.known(history) for one, h in held.items()}
            liked = {one: np.concatenate([liked[one], more[one]]) for one in held}
            seen = {one: np.concatenate([seen[one], more[one]]) for one in held}
        seen = {one: NO_ROWS if h.recommend_seen else seen[one] for one, h in held.items()}
        return cls(vectors, liked, seen, attributes)

    def history(self, held: Mapping[str, LoadedGeneration]) -> tuple[Item, ...]:
        """What was liked, newest first, as the family that knows most of it tells it."""
        longest = max(held, key=lambda one: len(self.liked[one]))
        return tuple(held[longest].items(self.liked[longest][::-1]))
