"""The request of the fused stage, as the trigger form and the command line know it."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting
from tasks.core.models.fit_request import TrackedRequest


@dataclasses.dataclass(frozen=True)
class Settings:
    """Which champions are put side by side, and how they are weighed."""

    members: tuple[str, ...] = setting(
        (),
        "Families whose champions are fused, one a line.",
        title="Members",
        section="Model",
        empty="every other family that has one",
    )
    scale: Literal["auto", "all", "each"] = setting(
        "auto",
        "A member's scores are divided by their spread over the items: one for all users, "
        "or each user's own. `auto` chooses on validation.",
        title="Scale",
        section="Model",
    )
    dimension: int = setting(
        1024,
        "Dimensions at most; wider vectors are reduced to the directions that decide most "
        "of the scores.",
        title="Dimension",
        section="Model",
        minimum=2,
        maximum=8192,
    )
    least_weight: float = setting(
        0.02,
        "A member with a smaller share of the weights is left out.",
        title="Least weight",
        section="Model",
        details="It would cost dimensions and add nothing.",
        minimum=0,
        maximum=0.5,
    )
    validation_users: int | None = setting(
        None,
        "Users drawn at most to find the weights.",
        title="Validation users",
        section="Training",
        empty="5,000, fewer in a large catalogue",
        details="Large: more than 20,000 items.",
        minimum=1,
        maximum=1_000_000,
    )
    memory_gb: float = setting(
        2.0,
        "What their scores may take; fewer users are drawn where it would be more.",
        title="Memory, GB",
        section="Training",
        details="4 bytes for each user, item and member.",
        minimum=0.001,
        maximum=4096,
    )
    threads: int = setting(
        1,
        "Threads of the matrix products.",
        title="Threads",
        section="Training",
        minimum=1,
        maximum=64,
    )

    def __post_init__(self) -> None:
        if (
            len(set(self.members)) < len(self.members)
            or "fused" in self.members
            or len(self.members) == 1
        ):
            raise BadRequest(
                "settings.members do not make a fusion",
                got=list(self.members),
                allowed="two or more other families, each once; or none, for all",
            )


@dataclasses.dataclass(frozen=True)
class FitRequest(TrackedRequest):
    """Put champions side by side for one snapshot."""

    store: str = setting(REQUIRED, "URI of the store.")
    dataset: str = setting("ml-100k", "Name of the data set.")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set."
    )
    day: str | None = setting(
        None, "Weigh on the newest snapshot of this day, YYYY-MM-DD; none takes the newest of all."
    )
    settings: Settings = setting(Settings(), "What is put side by side, and how.")
    candidates: dict = setting(
        {},
        "Family → URI of the candidate to take; a family that is not here is asked for in "
        "the registry.",
    )
    champion: str | None = setting(
        None,
        "URI of the fused candidate whose neighbourhoods are compared with; none takes the "
        "champion in the registry.",
    )
    registry: bool = setting(
        True, "Ask the registry for champions; false: only what candidates names takes part."
    )
    repeat: bool = setting(True, "false: nothing is done when this very fusion was judged already.")
