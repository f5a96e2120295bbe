"""The state of a user: query vectors, liked and seen rows, attributes."""

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
    """Vectors, rows and attributes of one user, in the rows of each family.

    Attributes:
        vectors: family → stored query vector, float32 (d).
        liked: family → int32, liked rows, oldest first.
        seen: family → int32, rows to leave out; empty for a family whose data set recommends seen
            items.
        attributes: attributes of the user; None: none were given.
        queries: family → its query, computed on demand; None where the model knows nothing of the
            user.
    """

    vectors: Mapping[str, np.ndarray]
    liked: Mapping[str, np.ndarray]
    seen: Mapping[str, np.ndarray]
    attributes: UserAttributes | None = None
    queries: dict[str, np.ndarray | None] = dataclasses.field(default_factory=dict)

    def query(self, generation: LoadedGeneration) -> np.ndarray | None:
        """The query of a family: float32 (d), or (interests d); stored, or encoded once."""
        family = generation.family
        if family not in self.queries:
            self.queries[family] = (
                self.vectors[family]
                if family in self.vectors
                else generation.encode(self.liked[family], self.attributes)
            )
        return self.queries[family]

    @classmethod
    def of(
        cls,
        generations: Mapping[str, LoadedGeneration],
        values: Mapping[str, list[Any]],
        history: list[str] | None,
        attributes: UserAttributes | None = None,
    ) -> UserState:
        """The state of a user from stored values and a request.

        One family may be a day older than another, so an item that any of them lists as seen is
        seen for all.

        Args:
            values: family → the stored vector and the stored rows of a user, None where there is
                none; empty without a user.
            history: ids of newly liked items, oldest first; the stored vectors are then out of
                date.
            attributes: attributes known now; the stored vectors are then out of date too.
        """
        vectors, liked, seen = {}, {}, {}
        for family, generation in generations.items():
            vector, rows = values[family] or (None, None)
            liked[family], seen[family] = generation.seen(rows)
            if vector is not None and history is None and attributes is None:
                vectors[family] = generation.vector(vector)
        if len(generations) > 1:
            seen = _seen_by_any(generations, seen)
        for family, generation in generations.items():
            if history:
                rows = generation.rows.known(history)
                liked[family] = np.concatenate([liked[family], rows])
                seen[family] = np.concatenate([seen[family], rows])
            if generation.recommend_seen:
                seen[family] = NO_ROWS
        return cls(vectors, liked, seen, attributes)

    def history(self, generations: Mapping[str, LoadedGeneration]) -> tuple[Item, ...]:
        """The liked items, newest first, from the family that knows most of them."""
        longest = max(generations, key=lambda family: len(self.liked[family]))
        return tuple(generations[longest].items(self.liked[longest][::-1]))


def _seen_by_any(
    generations: Mapping[str, LoadedGeneration], seen: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """family → int32, its rows of every item that any family lists as seen."""
    ids = list(
        {
            id
            for family, rows in seen.items()
            for id in generations[family].folder.item_ids.take(np.unique(rows))
        }
    )
    return {family: generation.rows.known(ids) for family, generation in generations.items()}
