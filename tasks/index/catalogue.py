"""The items that can be recommended: those the model learned, and by setting those it never met but
whose genres it knows.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.cold_start import GenrePredictor
from tasks.core.store.arrays import StringTable, load, rows_of_ids
from tasks.core.store.manifest import Artefact


@dataclasses.dataclass(frozen=True)
class ColdItems:
    """Items of a snapshot that a candidate has no vector for.

    Attributes:
        ids: the c items that get one from their genres (`tasks.core.retrieval.cold_start`).
        vectors: float32 (c, d); none is all zero.
        similar: float32 (c, s), the same of the item-to-item vectors, at most of unit length.
        left_out: how many items get none: a zero vector would outrank every item with a negative
            score.
    """

    ids: list[str]
    vectors: np.ndarray
    similar: np.ndarray
    left_out: int


def cold_items(candidate: Candidate, snapshot: Snapshot, from_metadata: bool) -> ColdItems:
    """What becomes of the items of `snapshot` that `candidate` does not know."""
    rows = candidate.rows_of(snapshot.item_ids)
    missing = int((rows < 0).sum())
    if not (from_metadata and missing):
        return ColdItems([], candidate.vectors[:0], candidate.similar[:0], missing)
    trained = (rows >= 0) & ~np.isin(rows, candidate.cold)
    genres = GenrePredictor.of(
        snapshot.items["genres"].to_pylist(),
        snapshot.histories("train").users_of(len(rows)),
        trained,
    )
    wanted, known = np.flatnonzero((rows < 0) & genres.has_known_genre()), np.flatnonzero(trained)
    vectors = genres.predict(candidate.vectors[rows[trained]], known, wanted)
    similar = genres.predict(candidate.similar[rows[trained]], known, wanted, standing=False)
    there = np.any(vectors, axis=1)
    ids = [snapshot.item_ids[item] for item in wanted[there].tolist()]
    return ColdItems(
        ids,
        vectors[there],
        similar[there] / np.maximum(np.linalg.norm(similar[there], axis=1, keepdims=True), 1),
        missing - len(ids),
    )


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """What can be recommended, by row: the candidate's items, then those that got their vectors
    from their genres.

    Attributes:
        trained: how many are the candidate's own: its encoder reads them.
        cold: how many were placed by their genres, by the candidate itself or here.
        vectors, similar: float32 (n, d) and (n, s).
    """

    item_ids: list[str]
    trained: int
    cold: int
    vectors: np.ndarray
    similar: np.ndarray

    @classmethod
    def of(cls, candidate: Candidate, index: Artefact) -> Catalogue:
        """The catalogue that an index was built over."""
        for name in index.files:
            index.file(name)
        cold = list(StringTable.load(index.path, "cold_ids"))
        return cls(
            [*candidate.item_ids, *cold],
            len(candidate.item_ids),
            len(candidate.cold) + len(cold),
            np.concatenate([candidate.vectors, load(index.path / "cold.npy")]),
            np.concatenate([candidate.similar, load(index.path / "cold_similar.npy")]),
        )

    def rows_of(self, item_ids: list[str]) -> np.ndarray:
        """int32: the row of each id, −1 where there is none."""
        return rows_of_ids(item_ids, self.item_ids)
