"""The most popular items of a catalogue, as many as a matrix of items by items has room for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from tasks.evaluate.metrics import MAX_LIST_LENGTH

BYTES_PER_PAIR = 28  # of memory for each pair of items: XᵀX, its inverse and the weights twice


@dataclasses.dataclass(frozen=True)
class PopularItems:
    """Some items of a catalogue.

    Attributes:
        rows: int (head), rising rows of the catalogue.
        items: size of the catalogue.
    """

    rows: np.ndarray
    items: int

    @classmethod
    def of(cls, counts: np.ndarray, memory_gb: float) -> PopularItems:
        """The items with the most likes that fit into memory, and at least a list of them.

        Of equal counts the lower rows are taken.
        """
        room = max(int((memory_gb * 2**30 / BYTES_PER_PAIR) ** 0.5), MAX_LIST_LENGTH)
        return cls(np.sort(np.argsort(-counts, kind="stable")[:room]), len(counts))

    @property
    def whole(self) -> bool:
        """Whether it is all of the catalogue."""
        return len(self.rows) == self.items

    def columns(self, matrix: csr_matrix) -> csr_matrix:
        """The columns of its items, (users, items) → (users, head)."""
        return matrix if self.whole else csr_matrix(matrix[:, self.rows])

    def scores(self, score: Callable[[int, int], np.ndarray]) -> Callable[[int, int], np.ndarray]:
        """Scores of the catalogue from scores of the head; other items get −∞, so are not shown."""
        if self.whole:
            return score

        def spread(start: int, stop: int) -> np.ndarray:
            scores = np.full((stop - start, self.items), -np.inf, np.float32)
            scores[:, self.rows] = score(start, stop)
            return scores

        return spread

    def coverage(self, counts: np.ndarray) -> str | None:
        """Part of a sentence: the share of the catalogue; None where it is all.

        Args:
            counts: likes of each item.
        """
        if self.whole:
            return None
        return (
            f"of the {len(self.rows):,} most popular of {self.items:,} items, which hold "
            f"{counts[self.rows].sum() / max(counts.sum(), 1):.1%} of the likes"
        )
