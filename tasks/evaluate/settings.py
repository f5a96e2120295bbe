"""The request of the evaluate stage."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class JudgeRequest:
    """Judge one candidate on one snapshot."""

    store: str = setting(REQUIRED, "URI of the store.")
    candidate: str = setting(REQUIRED, "URI of the candidate to judge, the challenger.")
    seeds: tuple[str, ...] = setting(
        (),
        "URIs of further trainings of the same recipe; a user's figures are the mean over "
        "all of them.",
    )
    snapshot: str | None = setting(
        None, "URI of the snapshot whose held-out rows are ranked; null: the candidate's own."
    )
    champion: str | None = setting(
        None, "URI of the candidate to compare with; null: the champion in the registry."
    )
    champion_from_registry: bool = setting(
        True, "Look the champion up in the registry when none is given; false: judge alone."
    )
    labels: Literal["validation", "test"] = setting(
        "test", "The part of the snapshot that is to be found."
    )
    baselines_memory_gb: float = setting(
        2.0,
        "Memory for the baseline EASE; of a catalogue that needs more it takes the most "
        "popular items, and says so.",
        minimum=0.01,
        maximum=4096,
    )
    users_most: int = setting(
        25_000,
        "Users judged at most; of more, a sample that is the same for every model and day. "
        "25,000 show a loss of 1 % of recall@50.",
        minimum=100,
        maximum=100_000_000,
    )
    newcomers: bool = setting(
        False,
        "Ask for the users who have nothing to learn from as if they had just come: their "
        "history is hidden.",
    )
    run: str | None = setting(
        None, "MLflow run of the candidate, for the figures; null: none is written."
    )
    track: bool = setting(
        True, "Write the figures to the MLflow run, and the baselines' to runs of their own."
    )
    experiment: str = setting("recall", "MLflow experiment of the baselines' runs.")
