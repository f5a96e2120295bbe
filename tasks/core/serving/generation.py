"""A generation: everything that goes live as one thing.

generations/<family>/<id>/
    index.faiss, vectors.npy      float32 (n, d), the candidate vectors by row, the first `trained`
                                  rows the model's own; and their index
    neighbours*.npy               the items most like each row, see
                                  `tasks.core.retrieval.neighbours`
    item_ids.*, titles.*          string tables (n)
    item_rows.*                   from an id to its row
    genres.*                      string table (n), an item's genres joined by "|"
    popularity.npy, popular.npy   int32 (n): how many users liked each row (of events, the sum of
                                  their pairs); all rows, most liked first
    encoder.json, encoder.*.npy   from a history of trained rows to a query
    user_ids.*                    string table (m): everybody who did anything with an item of this
                                  catalogue
    user_vectors.npy              float32 (u ≤ m, d): queries of the first u users; the others liked
                                  nothing that the model knows
    top.npy                       int32 (u, t): the rows recommended to each of these, best first,
                                  −1 where there are no more; seen ones are left out, unless
                                  recommend_seen
    seen.offsets.npy              int64 (m + 1)
    seen.items.npy                int32: each user's rows, first the liked ones, oldest first, an
                                  item as often as it was met; then, unless recommend_seen, the
                                  others once
    liked.npy                     int32 (m): how many of a user's rows are liked
    manifest.json                 facts: family, candidate, snapshot, day, version, dimension,
                                  trained, factory, search, depth, probe, recommend_seen (a
                                  missing one is false)
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tasks.core.cli.errors import Corrupt
from tasks.core.retrieval.encoders import Encoder, load_encoder
from tasks.core.retrieval.faiss_search import Searcher, open_index
from tasks.core.retrieval.neighbours import Neighbours
from tasks.core.serving.id_index import IdIndex
from tasks.core.store.arrays import StringTable, load
from tasks.core.store.manifest import Artefact

SERVED = (
    "index",
    "vectors",
    "neighbours",
    "neighbours_scores",
    "neighbours_both",
    "neighbours_likes",
    "item_ids",
    "item_rows",
    "titles",
    "genres",
    "popularity",
    "popular",
    "encoder",
)
LOADED = ("vectors", "item_ids", "user_ids", "user_vectors", "top", "seen", "liked")


class Generation:
    """A generation's folder, its files mapped when asked for.

    Args:
        artefact: the folder.
        verified: which of its files are digested now, by the part of the name before its first dot,
            or the whole name.

    Raises:
        Corrupt: one of these files is missing, cut short or altered, or one lies there that the
            manifest does not list.
    """

    def __init__(self, artefact: Artefact, verified: tuple[str, ...] = ()) -> None:
        self.artefact, self.path, self.id = artefact, artefact.path, artefact.id
        self.facts, self.family = artefact.facts, artefact.facts["family"]
        for name in artefact.files:
            artefact.file(name, verify=name in verified or name.partition(".")[0] in verified)
        if strange := artefact.unlisted():
            raise Corrupt(
                f"{self.path} holds a file that its manifest does not list",
                got=", ".join(strange[:5]),
                remedy="delete it, if somebody put it there; if it is the generation's own, "
                "publish again",
            )

    def __len__(self) -> int:
        return len(self.item_ids)

    @cached_property
    def item_ids(self) -> StringTable:
        return StringTable.load(self.path, "item_ids", mmap=True)

    @cached_property
    def rows(self) -> IdIndex:
        return IdIndex.load(self.path, "item_rows", self.item_ids)

    @cached_property
    def titles(self) -> StringTable:
        return StringTable.load(self.path, "titles", mmap=True)

    @cached_property
    def genres(self) -> StringTable:
        return StringTable.load(self.path, "genres", mmap=True)

    @cached_property
    def user_ids(self) -> StringTable:
        return StringTable.load(self.path, "user_ids", mmap=True)

    @cached_property
    def encoder(self) -> Encoder:
        return load_encoder(self.path, mmap=True)

    @cached_property
    def searcher(self) -> Searcher:
        """Search among candidate vectors."""
        return Searcher(
            open_index(self.path / "index.faiss"), self.array("vectors"), self.facts["depth"]
        )

    @cached_property
    def neighbours(self) -> Neighbours:
        """The items most like each; none in a generation of an older version."""
        return Neighbours.of(self.artefact, len(self), mmap=True)

    def array(self, name: str) -> np.ndarray:
        """`<name>.npy`, mapped."""
        return np.asarray(load(self.path / f"{name}.npy", mmap=True))
