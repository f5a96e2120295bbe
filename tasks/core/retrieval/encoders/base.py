"""The interface of encoders, and the base of those that read histories only."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes


class Encoder(Protocol):
    """Encodes users, by their histories and attributes, as query vectors.

    Attributes:
        kind: its name in `encoder.json`.
        dimension: of a candidate. A query is one vector of it, or several side by side: see
            `tasks.core.retrieval.top_k`.
        columns: of the table of users, those it reads; none where histories are all it knows.
    """

    kind: str
    dimension: int
    columns: tuple[str, ...]

    def encode(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """float32 (users, dimension), or a multiple of it; a row of zeros for whom it knows nothing
        of (see `knows`).
        """

    def knows(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """bool (users): whoever has a query."""

    def numbers(self) -> dict[str, Any]:
        """The content of `encoder.json`."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The content of `encoder.<name>.npy`, by name."""


class HistoryEncoder:
    """An encoder that knows users by their histories alone."""

    columns: tuple[str, ...] = ()

    def knows(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """bool (users): whoever has a history."""
        return histories.lengths > 0
