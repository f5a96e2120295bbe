"""The items of a candidate as pictures need them: the most popular first."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate


@dataclasses.dataclass(frozen=True)
class Items:
    """Items that both the candidate and the snapshot have, by falling popularity.

    Attributes:
        titles: n titles.
        genres: n lists of genres, some empty.
        likes: int64 (n), users who liked each in the training part.
        vectors: float32 (n, s), item-to-item vectors.
    """

    titles: list[str]
    genres: list[list[str]]
    likes: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, candidate: Candidate, snapshot: Snapshot) -> Items:
        rows = candidate.rows_of(snapshot.item_ids)
        likes = snapshot.histories("train").users_of(len(rows))
        known = np.flatnonzero(rows >= 0)
        known = known[np.argsort(-likes[known], kind="stable")]
        titles, genres = snapshot.items["title"].to_pylist(), snapshot.items["genres"].to_pylist()
        return cls(
            [titles[row] or snapshot.item_ids[row] for row in known],
            [genres[row] or [] for row in known],
            likes[known],
            np.asarray(candidate.similar)[rows[known]],
        )

    def __len__(self) -> int:
        return len(self.titles)
