"""A query as the weighted mean of the input vectors of what the user liked."""

from __future__ import annotations

from typing import Any

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders.base import HistoryEncoder


class MeanEncoder(HistoryEncoder):
    """q = Σ w_a · v_a / Σ w_a, where a = 0, 1, … is an item's age counted in items from the newest.

    Args:
        inputs: float32 (items, dimension), the input vectors.
        decay: items after which a weight has fallen to 1/e (w_a = exp(−a / decay)); None weighs all
            alike.
        last: only the newest `last` items are used; None uses all.
    """

    kind = "mean"
    # rows of history summed together: they stay in the processor's cache, and memory does not grow
    # with the data
    BLOCK = 8192

    def __init__(
        self, inputs: np.ndarray, decay: float | None = None, last: int | None = None
    ) -> None:
        self.inputs, self.decay, self.last = inputs, decay, last
        self.dimension = inputs.shape[1]

    def encode(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """float32 (users, dimension); a row of zeros for an empty history."""
        queries = np.zeros((len(histories), self.dimension), np.float32)
        start = 0
        while start < len(histories):
            stop = (
                int(
                    np.searchsorted(
                        histories.offsets, histories.offsets[start] + self.BLOCK, side="right"
                    )
                )
                - 1
            )
            stop = min(max(stop, start + 1), len(histories))
            queries[start:stop] = self._block(histories.offsets[start : stop + 1], histories.items)
            start = stop
        return queries

    def _block(self, offsets: np.ndarray, items: np.ndarray) -> np.ndarray:
        """float64 (users, dimension)."""
        lengths = np.diff(offsets)
        ages = np.repeat(offsets[1:], lengths) - 1 - np.arange(offsets[0], offsets[-1])
        weights = np.ones(len(ages)) if self.decay is None else np.exp(-ages / self.decay)
        if self.last is not None:
            weights = np.where(ages < self.last, weights, 0.0)
        queries = np.zeros((len(lengths), self.dimension))
        filled = np.flatnonzero(lengths)
        if len(filled):
            starts = offsets[filled] - offsets[0]
            sums = np.add.reduceat(
                weights[:, None] * self.inputs[items[offsets[0] : offsets[-1]]], starts, axis=0
            )
            queries[filled] = sums / np.add.reduceat(weights, starts)[:, None]
        return queries

    def numbers(self) -> dict[str, Any]:
        return {"decay": self.decay, "last": self.last}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"inputs": self.inputs}
