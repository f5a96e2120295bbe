"""The catalogue of a generation: the items the model learned, and cold items by their genres."""

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
        ids: the c items whose vectors are predicted from their genres
            (`tasks.core.retrieval.cold_start`).
        vectors: float32 (c, d); none is all zero.
        similar: float32 (c, s), their item-to-item vectors, at most of unit length.
        left_out: number of items that get no vector: a zero vector would outrank every item with a
            negative score.
    """

    ids: list[str]
    vectors: np.ndarray
    similar: np.ndarray
    left_out: int


def cold_items(candidate: Candidate, snapshot: Snapshot, from_metadata: bool) -> ColdItems:
    """Predict vectors of the items of `snapshot` that `candidate` does not know, or leave them out.

    Args:
        from_metadata: predict vectors from genres; false: leave all of them out.
    """
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
    wanted = np.flatnonzero((rows < 0) & genres.has_known_genre())
    known = np.flatnonzero(trained)
    vectors = genres.predict(candidate.vectors[rows[trained]], known, wanted)
    similar = genres.predict(candidate.similar[rows[trained]], known, wanted, standing=False)
    nonzero = np.any(vectors, axis=1)
    ids = [snapshot.item_ids[item] for item in wanted[nonzero].tolist()]
    norms = np.linalg.norm(similar[nonzero], axis=1, keepdims=True)
    return ColdItems(
        ids, vectors[nonzero], similar[nonzero] / np.maximum(norms, 1), missing - len(ids)
    )


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """Items that can be recommended, by row: the candidate's own, then the cold ones.

    Attributes:
        item_ids: the n items.
        trained: number of the candidate's own items, which its encoder reads.
        cold: number of items with predicted vectors, by the candidate itself or by this stage.
        vectors, similar: float32 (n, d) candidate vectors, (n, s) item-to-item vectors.
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
