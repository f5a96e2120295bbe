"""A graph: who liked what, as arrays over which walks are drawn exactly by the graph's law.

    graphs/<dataset>/<day>/<id>/
        entrance.npy       uint32 (enterable, 3)  alias table of the first items of walks:
                                                  threshold, item, other item; without the
                                                  isolated items
        item_offsets.npy   int64 (items + 1)      the slots of item i are
                                                  item_offsets[i]:item_offsets[i + 1]
        slots.npy          uint32 (edges, 3)      alias table of each item: threshold, one, other
        user_offsets.npy   int64 (users + 1)      the user_items of user u are
                                                  user_offsets[u]:user_offsets[u + 1]
        user_items.npy     int32 (rows)           oldest first
        manifest.json      facts: dataset, day, snapshot, law, law_version and the law's settings;
                           lineage: snapshot, settings, code

The laws differ in what a slot leads to, and in what else there is:

    cooccurrence       slots lead to users. `user_items` are different items of each. 20 bytes an
                       interaction. Where users have items several times or with weights, it has the
                       arrays of the next law (fact `weighted`)
    degree-penalised   slots lead to users, and each user has an alias table of items. 40 bytes an
                       interaction.
        user_slots.npy     uint32 (rows, 3)       alias table of each user, parallel to
                                                  user_items: threshold, item, other item
        row_weights.npy    float64 (rows)         the weights of that table: the pair's weight ·
                                                  popularity^−β
    window             slots lead to items: an explicit graph in compressed sparse rows. Walks read
                       nothing else; an update reads
        user_days.npy      int32 (rows)           days since 1970; `user_items` hold every row,
                                                  repeated items too
        edges/bucket-00000.parquet, …             source, target (int32), day (int32), weight
                                                  (int64), sorted so, both directions; bucket b has
                                                  the sources from 1024 b on

A draw from an alias table of n slots takes a slot uniformly, then its first choice if a uniform
32-bit number is below the threshold, else its second. `tasks.core.models.walks` has each law's
transition probability, and draws by it.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import ClassVar

import numpy as np

from tasks.core.cli.errors import Corrupt
from tasks.core.store.arrays import load
from tasks.core.store.manifest import Artefact


@dataclasses.dataclass(frozen=True)
class Tables:
    """The arrays that every law has, named as above."""

    item_offsets: np.ndarray
    slots: np.ndarray
    entrance: np.ndarray
    law: ClassVar[str]
    version: ClassVar[int]

    @property
    def items(self) -> int:
        """All items, isolated ones among them."""
        return len(self.item_offsets) - 1

    @property
    def edges(self) -> int:
        """The number of edges a walk can take: (user, item) pairs that lead to another item, or
        (source, target) pairs.
        """
        return len(self.slots)


@dataclasses.dataclass(frozen=True)
class Cooccurrence(Tables):
    """The arrays of the law `cooccurrence`."""

    user_offsets: np.ndarray
    user_items: np.ndarray
    law: ClassVar[str] = "cooccurrence"
    version: ClassVar[int] = 2


@dataclasses.dataclass(frozen=True)
class DegreePenalised(Cooccurrence):
    """The arrays of the law `degree-penalised`."""

    user_slots: np.ndarray
    row_weights: np.ndarray
    law: ClassVar[str] = "degree-penalised"
    version: ClassVar[int] = 2


@dataclasses.dataclass(frozen=True)
class Window(Tables):
    """The arrays of the law `window` that a walk reads."""

    law: ClassVar[str] = "window"
    version: ClassVar[int] = 1


LAWS: dict[str, type[Tables]] = {kind.law: kind for kind in (Cooccurrence, DegreePenalised, Window)}


def read_tables(artefact: Artefact, verify: bool = True) -> Tables:
    """The arrays of a graph, memory-mapped, so that processes on one machine share them.

    Raises:
        Corrupt: a law, or a version of one, that this code does not know; a damaged file.
    """
    law, version = artefact.facts.get("law"), artefact.facts.get("law_version")
    kind = LAWS.get(str(law))
    if kind is None or kind.version != version:
        raise Corrupt(
            f"{artefact.path} is a graph of a law that cannot be read here",
            got=f"{law!r}, version {version!r}",
            allowed=", ".join(f"{one.law!r} version {one.version}" for one in LAWS.values()),
            remedy="build the graph again with this code, or upgrade this reader",
        )
    kind = DegreePenalised if artefact.facts.get("weighted") else kind
    return kind(
        **{
            field.name: load(artefact.file(f"{field.name}.npy", verify), mmap=True)
            for field in dataclasses.fields(kind)
        }
    )


class Graph:
    """A graph read back."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact, self.uri, self.id = artefact, artefact.uri, artefact.id

    @cached_property
    def tables(self) -> Tables:
        """Memory-mapped; see `read_tables`."""
        return read_tables(self.artefact)
