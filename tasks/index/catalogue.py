"""The items that can be recommended: those the model learned, and by setting those it never met but whose genres it knows."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.arrays import StringTable, load
from tasks.core.candidate import Candidate
from tasks.core.manifest import Artefact
from tasks.core.similar import unit
from tasks.core.snapshot import Snapshot


@dataclasses.dataclass(frozen=True)
class Cold:
    """Items of a snapshot that a model has no vector for.

    Attributes:
        ids: the c items that get one from their genres.
        vectors: float32 (c, d), the mean over an item's genres of the mean vector of the genre's items; none is all zero.
        similar: float32 (c, s), the same of the item-to-item vectors, at most of unit length.
        left_out: how many items get none: a zero vector would outrank every item with a negative score.
    """

    ids: list[str]
    vectors: np.ndarray
    similar: np.ndarray
    left_out: int


def cold_items(candidate: Candidate, snapshot: Snapshot, from_metadata: bool) -> Cold:
    """What becomes of the items of `snapshot` that `candidate` does not know."""
    rows = candidate.rows_of(snapshot.item_ids)
    genres = [tuple(one or ()) for one in snapshot.items["genres"].to_pylist()]
    missing = np.flatnonzero(rows < 0).tolist()
    told: dict[str, list[int]] = {}
    for item in np.flatnonzero(rows >= 0).tolist():
        for genre in genres[item]:
            told.setdefault(genre, []).append(int(rows[item]))
    kept = [item for item in missing if from_metadata and any(genre in told for genre in genres[item])]

    def means(vectors: np.ndarray) -> np.ndarray:
        centres = {genre: vectors[mine].mean(axis=0) for genre, mine in told.items()} if kept else {}
        made = [np.mean([centres[genre] for genre in genres[item] if genre in centres], axis=0) for item in kept]
        return np.array(made, np.float32).reshape(len(kept), vectors.shape[1])

    vectors, similar = means(candidate.vectors), means(candidate.similar)
    there = np.any(vectors, axis=1)
    ids = [snapshot.item_ids[item] for item, one in zip(kept, there) if one]
    return Cold(ids, vectors[there], unit(similar[there]).astype(np.float32), len(missing) - len(ids))


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """What can be recommended, by row: the candidate's items, then those that got their vectors from their genres.

    Attributes:
        trained: how many are the candidate's.
        vectors, similar: float32 (n, d) and (n, s).
    """

    item_ids: list[str]
    trained: int
    vectors: np.ndarray
    similar: np.ndarray

    @classmethod
    def of(cls, candidate: Candidate, index: Artefact) -> "Catalogue":
        """The catalogue that an index was built over."""
        for name in index.files:
            index.file(name)
        cold = list(StringTable.load(index.path, "cold_ids"))
        return cls([*candidate.item_ids, *cold], len(candidate.item_ids),
                   np.concatenate([candidate.vectors, load(index.path / "cold.npy")]),
                   np.concatenate([candidate.similar, load(index.path / "cold_similar.npy")]))

    def rows_of(self, item_ids: list[str]) -> np.ndarray:
        """int32: the row of each id, −1 where there is none."""
        mine = {item: row for row, item in enumerate(self.item_ids)}
        return np.array([mine.get(item, -1) for item in item_ids], np.int32)
