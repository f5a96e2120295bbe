"""The request of the stage mean_of_genres, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.request import REQUIRED, setting
from tasks.core.models.fit_request import TrackedRequest


@dataclasses.dataclass(frozen=True)
class Settings:
    """How genres become vectors."""

    minimum_likes: int = setting(
        1,
        "Items liked by fewer users are left out.",
        title="Minimum likes",
        section="Model",
        minimum=0,
        maximum=1_000_000,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class FitRequest(TrackedRequest):
    """Make item vectors from the genres of one snapshot."""

    store: str = setting(REQUIRED, "URI of the store.")
    dataset: str = setting("ml-100k", "Name of the data set.")
    snapshot: str | None = setting(None, "URI of the snapshot; none takes the newest.")
    day: str | None = setting(None, "Train on the newest snapshot of this day, YYYY-MM-DD.")
    settings: Settings = setting(Settings(), "How genres become vectors.")
