"""The request of the prune stage."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class PruneRequest:
    """Name, or delete, what is old and needed by nothing."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    keep_days: float = setting(
        30.0,
        "Whatever was made within so many days stays, needed or not.",
        minimum=1,
        maximum=100_000,
    )
