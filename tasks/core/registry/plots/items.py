"""The items of a candidate as pictures need them: the most popular first."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.neighbours import Neighbours


@dataclasses.dataclass(frozen=True)
class Items:
    """Items that both the candidate and the snapshot have, by falling popularity.

    Attributes:
        titles: n titles.
        genres: n lists of genres, some empty.
        likes: int64 (n), users who liked each in the training part.
        vectors: float32 (n, d), candidate vectors.
        neighbours: the items most like each.
    """

    titles: list[str]
    genres: list[list[str]]
    likes: np.ndarray
    vectors: np.ndarray
    neighbours: Neighbours

    @classmethod
    def of(cls, candidate: Candidate, snapshot: Snapshot) -> Items:
        rows = candidate.rows_of(snapshot.item_ids)
        likes = snapshot.histories("train").users_of(len(rows))
        known = np.flatnonzero(rows >= 0)
        known = known[np.argsort(-likes[known], kind="stable")]
        order = np.full(len(candidate.item_ids), -1, np.int32)
        order[rows[known]] = np.arange(len(known))
        titles, genres = snapshot.items["title"].to_pylist(), snapshot.items["genres"].to_pylist()
        return cls(
            [titles[row] or snapshot.item_ids[row] for row in known],
            [genres[row] or [] for row in known],
            likes[known],
            np.asarray(candidate.vectors)[rows[known]],
            candidate.neighbours.remap(order, len(known)),
        )

    def __len__(self) -> int:
        return len(self.titles)
