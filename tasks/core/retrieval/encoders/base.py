"""What every kind of encoder offers, and what those have in common that read histories only."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes


class Encoder(Protocol):
    """From what is known of users to query vectors.

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
        """What goes into `encoder.json`."""

    def arrays(self) -> dict[str, np.ndarray]:
        """What goes into `encoder.<name>.npy`."""


class HistoryEncoder:
    """An encoder that knows users by their histories alone."""

    columns: tuple[str, ...] = ()

    def knows(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """bool (users): whoever has a history."""
        return histories.lengths > 0
