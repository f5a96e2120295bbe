"""A graph: who liked what, as two compressed lists over which the walks of the item graph are drawn exactly.

    graphs/<dataset>/<day>/<id>/
        user_offsets.npy   int64 (users + 1)    user u has user_items[user_offsets[u]:user_offsets[u + 1]]
        user_items.npy     int32 (rows)         different items, oldest first
        item_offsets.npy   int64 (items + 1)    item i has slots[item_offsets[i]:item_offsets[i + 1]]
        slots.npy          uint32 (edges, 3)    alias table of i's users who have another item: threshold, user, other user
        entrance.npy       int64 (items)        running sum of the weights with which a walk enters; an isolated item adds 0
        manifest.json      facts: dataset, day, snapshot, law, entrance; lineage: snapshot, settings, code

With w(i, j) the number of users who liked both items, a step goes from i to j with probability w(i, j) / Σ_k w(i, k). The same law in
two draws: a user u of i with weight n_u − 1, then one of u's n_u − 1 other items uniformly. Memory is linear in the interactions
(20 bytes each) where the item graph would hold Σ n_u² pairs.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from tasks.core.arrays import load
from tasks.core.manifest import Artefact

ARRAYS = ("user_offsets", "user_items", "item_offsets", "slots", "entrance")


@dataclasses.dataclass(frozen=True)
class Lists:
    """The arrays of a graph, as above."""

    user_offsets: np.ndarray
    user_items: np.ndarray
    item_offsets: np.ndarray
    slots: np.ndarray
    entrance: np.ndarray

    @property
    def items(self) -> int:
        """All items, isolated ones among them."""
        return len(self.item_offsets) - 1

    @property
    def edges(self) -> int:
        """(user, item) pairs that lead to another item."""
        return len(self.slots)


class Graph:
    """A graph read back; its arrays are memory-mapped, so that processes on one machine share them."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact, self.uri, self.id = artefact, artefact.uri, artefact.id

    @cached_property
    def lists(self) -> Lists:
        return Lists(*(load(self.artefact.file(f"{name}.npy"), mmap=True) for name in ARRAYS))
