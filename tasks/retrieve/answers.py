"""The answers of a reader."""

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
        score: the inner product of query and item (how alike they are for similar items, number of
            likes for popular ones, 1 / rank for precomputed ones); over several channels, the sum
            of reciprocal ranks.
        channels: the channels that proposed it, in the order of the call.
        shares: family → its share of the score, of an item that a fusion of models proposed: of how
            far the score is above the average item's. They sum to one; a family that speaks against
            the item has a negative share. Empty for any other item.
        liked_both: of an item like another, how many users of the training part liked both; 0: they
            are alike by their genres alone. None for any other item.
    """

    item: Item
    score: float
    channels: tuple[str, ...]
    shares: Mapping[str, float] = dataclasses.field(default_factory=dict)
    liked_both: int | None = None


@dataclasses.dataclass(frozen=True)
class Answer:
    """Hits, best first, and their source.

    Attributes:
        hits: at most k; fewer when the catalogue has no more that may be shown.
        generations: family → id of the one generation that this answer read of it.
        source: the query: the user's stored vector, a history, attributes alone, or an item; or
            none (a precomputed list, the popular items).
        history: the liked items of the query, newest first: the user's, and those of the request.
        unknown: ids of the request's history that no family knows; they played no part.
        liked: how many users of the training part liked the item that others are like; None where
            no item was asked for.
    """

    hits: tuple[Hit, ...]
    generations: dict[str, str]
    source: Source
    history: tuple[Item, ...] = ()
    unknown: tuple[str, ...] = ()
    liked: int | None = None
