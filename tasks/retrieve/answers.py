"""What a reader answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

Source = Literal["user", "history", "attributes", "similar", "popular", "precomputed"]


@dataclasses.dataclass(frozen=True)
class Item:
    """An item of the catalogue, as the pipeline knows it."""

    id: str
    title: str
    genres: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Hit:
    """One recommended item.

    Attributes:
        score: the inner product of query and item (cosine for similar items, number of likes for
            popular ones, 1 / rank for precomputed ones); over several channels, the sum of
            reciprocal ranks.
        channels: those that proposed it, in the order asked.
        shares: of an item that a fusion of models proposed: family → its share of how far the
            item's score is above the average item's; they sum to one, and one that speaks against
            the item has a negative share. Empty for any other item.
    """

    item: Item
    score: float
    channels: tuple[str, ...]
    shares: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Answer:
    """Hits, best first, and where they come from.

    Attributes:
        hits: at most k; fewer when the catalogue has no more that may be shown.
        generations: family → id of the one generation that everything of that family in this answer
            was read from.
        source: what was searched with: the user's stored vector, a history, attributes alone, an
            item; or nothing (a precomputed list, the popular items).
        history: the items searched with, newest first: the user's liked ones, those of the history
            given.
        unknown: ids of the history given that no family knows; they played no part.
    """

    hits: tuple[Hit, ...]
    generations: dict[str, str]
    source: Source
    history: tuple[Item, ...] = ()
    unknown: tuple[str, ...] = ()
