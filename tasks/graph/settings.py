"""The request of the graph stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class BuildRequest:
    """Which snapshot, and by which law a walk enters the graph and moves in it."""

    store: str = setting(REQUIRED, "URI of the store")
    dataset: str = setting("ml-100k", "data set whose newest snapshot is taken when none is named")
    snapshot: str | None = setting(None, "URI of the snapshot; none takes the newest of the data set")
    day: str | None = setting(None, "day of the snapshot, YYYY-MM-DD; none takes the newest")
    law: Literal["cooccurrence"] = setting(
        "cooccurrence", "how a walk moves: from an item to another of the same user, by the number of users who liked both")
    entrance: Literal["strength", "uniform"] = setting(
        "strength", "where walks begin: at items by their total co-occurrence weight (the law's stationary distribution), or at every item alike")
