"""A column of text as rows of an embedding table: which values have a row, and the rows of given
values.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from tasks.core.data.user_attributes import Value, texts


@dataclasses.dataclass(frozen=True)
class Bags:
    """Rows of a table for each of `len(self)` users or items, none to several.

    Attributes:
        offsets: int64 (n + 1).
        rows: int64 (offsets[-1]).
    """

    offsets: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """int64 (n)."""
        return np.diff(self.offsets)

    def take(self, which: np.ndarray) -> Bags:
        """Those of these rows, in this order."""
        lengths = self.lengths[which]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows = (
            np.arange(offsets[-1])
            - np.repeat(offsets[:-1], lengths)
            + np.repeat(self.offsets[which], lengths)
        )
        return Bags(offsets, self.rows[rows])

    def means(self, table: np.ndarray) -> np.ndarray:
        """float32 (n, d): the mean of each one's rows of `table`; zeros where there are none."""
        means = np.zeros((len(self), table.shape[1]), np.float32)
        filled = np.flatnonzero(self.lengths)
        if len(filled):
            means[filled] = (
                np.add.reduceat(table[self.rows], self.offsets[filled], axis=0)
                / self.lengths[filled, None]
            )
        return means


@dataclasses.dataclass(frozen=True)
class CategoricalFeature:
    """One column. A value without a row is as good as none: unseen in training, too rare, or of
    another type than the column.

    Attributes:
        name: of the column.
        values: the texts that have a row, in the order of the rows; none for a column of numbers.
        edges: of a column of numbers, rising: the row of a number is how many edges are not above
            it.
    """

    name: str
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, name: str, column: Sequence[Value], minimum_count: int, buckets: int
    ) -> CategoricalFeature:
        """What a column is worth learning: its texts that at least `minimum_count` users or items
        have, most common first.

        A column that holds numbers only, more different ones than `buckets`, is cut into so many
        parts of about equal size.
        """
        counts = Counter(text for value in column for text in set(texts(value)))
        numbers = [_number(text) for text in counts]
        if len(counts) > buckets and None not in numbers:
            spread = np.repeat(np.array(numbers), list(counts.values()))
            edges = np.unique(np.quantile(spread, np.arange(1, buckets) / buckets))
            return cls(name, (), tuple(edges[edges > spread.min()].tolist()))
        return cls(
            name,
            tuple(
                text
                for text, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
                if count >= minimum_count
            ),
        )

    def __len__(self) -> int:
        return len(self.edges) + 1 if self.edges else len(self.values)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {value: row for row, value in enumerate(self.values)}

    def rows(self, column: Sequence[Value]) -> Bags:
        """The rows of each value."""
        found = [self._rows_of(value) for value in column]
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in found])]).astype(np.int64)
        return Bags(offsets, np.array([row for one in found for row in one], np.int64))

    def _rows_of(self, value: Value) -> list[int]:
        if self.edges:
            numbers = [number for text in texts(value) if (number := _number(text)) is not None]
            return [int(np.searchsorted(self.edges, number, side="right")) for number in numbers]
        return [self._row[text] for text in dict.fromkeys(texts(value)) if text in self._row]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
