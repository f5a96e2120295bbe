"""The catalogue of a generation: the items the model learned, and cold items by their genres."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.cold_start import GenrePredictor
from tasks.core.retrieval.neighbours import Neighbours, fill_by_genres
from tasks.core.store.arrays import StringTable, load, rows_of_ids
from tasks.core.store.manifest import Artefact

MIN_PLACES = 50  # of neighbours of an item


@dataclasses.dataclass(frozen=True)
class ColdItems:
    """Items of a snapshot that a candidate has no vector for.

    Attributes:
        ids: the c items whose vectors are predicted from their genres
            (`tasks.core.retrieval.cold_start`).
        vectors: float32 (c, d); none is all zero.
        left_out: number of items that get no vector: a zero vector would outrank every item with a
            negative score.
    """

    ids: list[str]
    vectors: np.ndarray
    left_out: int


def cold_items(candidate: Candidate, snapshot: Snapshot, from_metadata: bool) -> ColdItems:
    """Predict vectors of the items of `snapshot` that `candidate` does not know, or leave them out.

    Args:
        from_metadata: predict vectors from genres; false: leave all of them out.
    """
    rows = candidate.rows_of(snapshot.item_ids)
    missing = int((rows < 0).sum())
    if not (from_metadata and missing):
        return ColdItems([], candidate.vectors[:0], missing)
    trained = (rows >= 0) & ~np.isin(rows, candidate.cold)
    genres = GenrePredictor.of(
        snapshot.items["genres"].to_pylist(),
        snapshot.histories("train").users_of(len(rows)),
        trained,
    )
    wanted = np.flatnonzero((rows < 0) & genres.has_known_genre())
    known = np.flatnonzero(trained)
    vectors = genres.predict(candidate.vectors[rows[trained]], known, wanted)
    nonzero = np.any(vectors, axis=1)
    ids = [snapshot.item_ids[item] for item in wanted[nonzero].tolist()]
    return ColdItems(ids, vectors[nonzero], missing - len(ids))


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """Items that can be recommended, by row: the candidate's own, then the cold ones.

    Attributes:
        item_ids: the n items.
        trained: number of the candidate's own items, which its encoder reads.
        cold: number of items with predicted vectors, by the candidate itself or by this stage.
        vectors: float32 (n, d), candidate vectors.
        own_neighbours: the candidate's own table, of its own items.
    """

    item_ids: list[str]
    trained: int
    cold: int
    vectors: np.ndarray
    own_neighbours: Neighbours

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
            candidate.neighbours,
        )

    def rows_of(self, item_ids: list[str]) -> np.ndarray:
        """int32: the row of each id, −1 where there is none."""
        return rows_of_ids(item_ids, self.item_ids)

    def neighbours(self, genres: Sequence[Sequence[str] | None]) -> Neighbours:
        """The items most like each, of the whole catalogue: empty places of cold items, and of a
        candidate that was made before there were neighbours, are filled by genres.

        Args:
            genres: of every item of the catalogue.
        """
        own = len(self.own_neighbours)
        table = self.own_neighbours.remap(np.arange(own), len(self.item_ids))
        table = table.widen(min(MIN_PLACES, len(self.item_ids) - 1))
        fill_by_genres(table, genres, np.flatnonzero((table.rows[:, :1] < 0).any(axis=1)))
        return table
