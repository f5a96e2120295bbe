"""The share of genres that two items have in common, as a factor of their score."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

POOL = 2  # times as many neighbours as are kept are ranked again by genres


class GenreShares:
    """Genres of every item as sorted numbers, so that pairs are compared quickly.

    Args:
        genres: of every item; None or empty where it has none.
    """

    def __init__(self, genres: Sequence[Sequence[str] | None]) -> None:
        number = {
            name: i for i, name in enumerate(sorted({g for some in genres for g in some or ()}))
        }
        rows = [sorted({number[name] for name in some or ()}) for some in genres]
        self.offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        self.numbers = np.array([genre for row in rows for genre in row], np.int32)

    @property
    def any(self) -> bool:
        """Whether an item has a genre."""
        return len(self.numbers) > 0

    def pool(self, places: int) -> int:
        """How many neighbours are to be ranked again for so many places."""
        return places * (POOL if self.any else 1)

    def rank(
        self, rows: np.ndarray, found: np.ndarray, scores: np.ndarray, weight: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Neighbours and scores in the order of score × (1 + weight × the share of their genres
        that two items have in common).

        Args:
            rows: int (m), items.
            found, scores: (m, k), their neighbours; −1 for an empty place.
        """
        if not weight or not self.any:
            return found, scores
        shares = np.zeros(found.shape, np.float32)
        _shares(np.asarray(rows, np.int64), found, self.offsets, self.numbers, shares)
        made = scores * (1 + np.float32(weight) * shares)
        order = np.argsort(np.where(found >= 0, -made, np.inf), axis=1, kind="stable")
        return np.take_along_axis(found, order, axis=1), np.take_along_axis(made, order, axis=1)


@numba.njit(cache=True)
def _shares(
    rows: np.ndarray,
    found: np.ndarray,
    offsets: np.ndarray,
    numbers: np.ndarray,
    shares: np.ndarray,
) -> None:
    for at in range(len(rows)):
        own = numbers[offsets[rows[at]] : offsets[rows[at] + 1]]
        for place in range(found.shape[1]):
            item = found[at, place]
            if item < 0:
                continue
            other = numbers[offsets[item] : offsets[item + 1]]
            i = j = common = 0
            while i < len(own) and j < len(other):
                if own[i] == other[j]:
                    common += 1
                    i += 1
                    j += 1
                elif own[i] < other[j]:
                    i += 1
                else:
                    j += 1
            if common:
                shares[at, place] = common / (len(own) + len(other) - common)
