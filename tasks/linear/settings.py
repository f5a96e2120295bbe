"""The request of the linear stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting
from tasks.core.models.fit_request import TrackedRequest


@dataclasses.dataclass(frozen=True)
class Settings:
    """How item vectors are solved for. Defaults are what was best on the validation rows of
    MovieLens 100K.
    """

    solver: Literal["auto", "dense", "low-rank"] = setting(
        "auto",
        "`dense`: the exact inverse of the item-item matrix; `low-rank`: from its leading "
        "directions; `auto`: dense where the memory allows it.",
        title="Solver",
        section="Model",
        details="`low-rank` is for catalogues whose matrix does not fit; `auto` heeds memory_gb "
        "and budget_minutes.",
    )
    memory_gb: float = setting(
        8.0,
        "What the exact inverse may use: 24 bytes for each pair of items.",
        title="Memory, GB",
        section="Training",
        details="32,000 items need 25 GB.",
        minimum=0.01,
        maximum=4096,
    )
    budget_minutes: float = setting(
        40.0,
        "Minutes that a training may take: as many epochs as fit, at least one; of a closed "
        "form, the exact one where it fits.",
        title="Budget (minutes)",
        section="Training",
        details="The time of the exact inverses is predicted.",
        minimum=0.01,
        maximum=10_000,
    )
    penalty: float | None = setting(
        None,
        "λ of EASE.",
        title="Penalty",
        section="Model",
        empty="chosen on validation",
        minimum=1e-3,
        maximum=1e9,
    )
    user_exponent: float = setting(
        0.5,
        "A user with n likes counts n to the power of minus this; 0 lets the longest "
        "histories decide.",
        title="User exponent",
        section="Model",
        minimum=0,
        maximum=1,
    )
    dimension: int = setting(
        128,
        "Dimensions of an item's input vector.",
        title="Dimension",
        section="Model",
        minimum=2,
        maximum=1024,
    )
    decoder: Literal["auto", "none", "leave-one-out", "causal", "blended"] = setting(
        "auto",
        "Output vectors: EASE's own, or ridge regressions from its input vectors. `auto` "
        "chooses on validation.",
        title="Decoder",
        section="Search",
        details="`leave-one-out`: of each item on the rest of a list; `causal`: on what came "
        "before it; `blended`: EASE's own beside the latter.",
    )
    popularity: float | None = setting(
        None,
        "Weight of a dimension that holds popularity; 0 for none.",
        title="Popularity",
        section="Search",
        empty="chosen",
        details="In spreads of the scores; chosen on validation. The causal decoder has its own.",
        minimum=0,
        maximum=10,
    )
    query_decay: float | None = setting(
        None,
        "Items after which a liked item's weight has fallen to 1/e; 0 weighs all alike.",
        title="Decay",
        section="Search",
        empty="chosen",
        details="Chosen on validation; the causal decoder has its own two.",
        minimum=0,
        maximum=10_000,
    )
    minimum_count: int = setting(
        1,
        "Items liked by fewer users are not solved for: they are cold items.",
        title="Minimum count",
        section="Model",
        details="Users of the training part are counted.",
        minimum=1,
        maximum=1_000_000,
    )
    cold_items: Literal["leave-out", "metadata"] = setting(
        "metadata",
        "Items of the catalogue without a vector: left out, or given a vector predicted "
        "from their genres, at the popularity of the least-liked items.",
        title="Cold items",
        section="Model",
    )
    align: bool = setting(
        True,
        "Turn all vectors onto the champion's, so that yesterday's stay comparable; no "
        "score changes.",
    )
    validation_users: int | None = setting(
        None,
        "Users drawn for validation at most; none: 5,000, fewer where the catalogue exceeds "
        "20,000 items.",
        minimum=1,
        maximum=1_000_000,
    )
    threads: int = setting(
        1,
        "Threads of the matrix products.",
        title="Threads",
        section="Training",
        minimum=1,
        maximum=64,
    )


@dataclasses.dataclass(frozen=True)
class FitRequest(TrackedRequest):
    """Solve for the item vectors of one snapshot."""

    store: str = setting(REQUIRED, "URI of the store.")
    dataset: str = setting("ml-100k", "Name of the data set.")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set."
    )
    day: str | None = setting(
        None, "Train on the newest snapshot of this day, YYYY-MM-DD; none takes the newest of all."
    )
    settings: Settings = setting(Settings(), "How vectors are solved for.")
    champion: str | None = setting(
        None,
        "URI of the candidate to align with; none takes the champion in the registry, when "
        "tracked.",
    )
