"""Vectors for items that were not trained, from their genres: what the trained items of these
genres have in common.

An unseen item deserves the standing of an item that hardly anybody has liked, and the taste of its
genres. A plain mean of its genres' items has neither: most of those are liked by many, and the mean
carries their popularity along. So three things are separated by one ridge regression over the
trained items, v = a + b · log(1 + likes) + mean of the genres' effects: the general level, what
popularity does to a vector, and each genre's effect: the mean deviation of its items, drawn to
nothing where they are few. A cold item is the mean of the least liked trained items, its genres'
effects in the place of theirs. Effects are means, smaller than what sets single items apart, so a
cold item is found by whom its genres suit and does not outrank what is known to be liked.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

SHRINKAGE = 10.0  # items: a genre with as many has about half of its items' mean deviation
MIN_ITEMS_A_GENRE = (
    0.1  # share of the trained items, the least liked, whose standing a cold item has
)
# genres, the commonest: a catalogue of tags has thousands, and the rare ones are drawn to nothing
# anyhow
MAX_GENRES = 300


@dataclasses.dataclass(frozen=True)
class GenrePredictor:
    """Predicts the vectors of items from their genres.

    Attributes:
        shares: float64 (items, g), 1 / (number of its known genres) in each of them; a row of zeros
            has none that a trained item has.
        likes: int64 (items), users who liked each in the training part.
    """

    shares: np.ndarray
    likes: np.ndarray

    @classmethod
    def of(
        cls, genres: list[list[str] | None], likes: np.ndarray, trained: np.ndarray
    ) -> GenrePredictor:
        """From the genres of every item; those that no item marked in `trained` (bool, items) has
        tell nothing.
        """
        counts = Counter(name for row in np.flatnonzero(trained) for name in set(genres[row] or ()))
        names = sorted(counts, key=lambda name: (-counts[name], name))[:MAX_GENRES]
        column = {name: i for i, name in enumerate(names)}
        shares = np.zeros((len(genres), len(names)))
        for row, some in enumerate(genres):
            shares[row, [column[name] for name in set(some or ()) if name in column]] = 1.0
        return cls(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0), np.asarray(likes))

    def has_known_genre(self) -> np.ndarray:
        """bool (items): the item has a genre that a trained item has."""
        return np.asarray(self.shares.any(axis=1))

    def predict(self, vectors: np.ndarray, rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Vectors for the items `wanted`, where the least liked trained items stand.

        Args:
            vectors: (n, d), of trained items, inputs or candidates.
            rows: int (n), which items those are.
            wanted: int (m), rows of items with a known genre.

        Returns:
            float32 (m, d).
        """
        known, likes, vectors = self.shares[rows], self.likes[rows], vectors.astype(np.float64)
        features = np.column_stack([np.ones(len(rows)), np.log1p(likes), known])
        penalty = np.diag(np.repeat([1e-6, SHRINKAGE], [2, known.shape[1]]))
        effects = np.linalg.solve(features.T @ features + penalty, features.T @ vectors)[2:]
        least = likes <= np.quantile(likes, MIN_ITEMS_A_GENRE)
        level = (vectors[least] - known[least] @ effects).mean(axis=0)
        return (level + self.shares[wanted] @ effects).astype(np.float32)

    def predict_by_likes(
        self, vectors: np.ndarray, rows: np.ndarray, wanted: np.ndarray
    ) -> np.ndarray:
        """Vectors for items of which only their likes are known: v = a + b · log(1 + likes), within
        the likes that trained items have.

        Args:
            vectors, rows, wanted: as `predict` takes them; those wanted need no genre.

        Returns:
            float32 (m, d); items of as many likes get the same vector.
        """
        likes = self.likes[rows]
        features = np.column_stack([np.ones(len(rows)), np.log1p(likes)])
        law = np.linalg.solve(
            features.T @ features + 1e-6 * np.eye(2), features.T @ vectors.astype(np.float64)
        )
        log_likes = np.log1p(np.clip(self.likes[wanted], likes.min(), likes.max()))
        return (np.column_stack([np.ones(len(wanted)), log_likes]) @ law).astype(np.float32)
