"""A query as means of input vectors at several time scales side by side: one inner product serves a
law that tells new from old.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders.base import HistoryEncoder
from tasks.core.retrieval.encoders.mean import MeanEncoder


class ScalesEncoder(HistoryEncoder):
    """q = [m_1, …, m_K] or [m_1, …, m_K, 1], with m_k the mean that `MeanEncoder` makes with the
    k-th decay.

    Args:
        inputs: float32 (items, d), the input vectors.
        decays: one for each scale: items after which a weight has fallen to 1/e; None weighs all
            alike.
        last: only the newest `last` items are used; None uses all.
        constant: end on a one, which meets what candidates carry in their last dimension:
            popularity, or an intercept.
    """

    kind = "scales"

    def __init__(
        self,
        inputs: np.ndarray,
        decays: list[float | None],
        last: int | None = None,
        constant: bool = False,
    ) -> None:
        self.inputs, self.decays, self.last, self.constant = inputs, list(decays), last, constant
        self.scales = [MeanEncoder(inputs, decay, last) for decay in self.decays]
        self.dimension = len(self.scales) * inputs.shape[1] + int(constant)

    def encode(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """float32 (users, K d) or (users, K d + 1); a row of zeros for an empty history."""
        ones = [(histories.lengths > 0).astype(np.float32)[:, None]] if self.constant else []
        return np.concatenate([*(scale.encode(histories) for scale in self.scales), *ones], axis=1)

    def knows(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """bool (users): whoever has a history with an item whose input says something; a query of
        zeros would pass for an answer.
        """
        return histories.filter_rows(self._says[histories.items]).lengths > 0

    @cached_property
    def _says(self) -> np.ndarray:
        """bool (items): the input vector is not zero."""
        return np.any(self.inputs, axis=1)

    def numbers(self) -> dict[str, Any]:
        return {"decays": self.decays, "last": self.last, "constant": self.constant}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"inputs": self.inputs}
