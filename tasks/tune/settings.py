"""The requests of the tune stage."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class BeginRequest:
    """Open a study."""

    store: str = setting(REQUIRED, "URI of the store.")
    family: str = setting(REQUIRED, "Family of models.")
    fit: dict = setting(
        REQUIRED, "The request of the family's `fit`; the study chooses among its settings."
    )
    trials: int = setting(
        40,
        "Trials of the study; asked for more later, it goes on where it was.",
        title="Trials",
        section="Study",
        minimum=1,
        maximum=1000,
    )
    seed: int = setting(0, "Of the choices.", minimum=0, maximum=2**31 - 1)
    space: str | None = setting(
        None,
        "TOML file of the search space.",
        title="Search space",
        section="Study",
        empty="the family's own",
    )
    track: bool = setting(True, "Record the study and its trials in MLflow.")
    experiment: str = setting("recall-tune", "MLflow experiment.")
    origin: dict = setting({}, "Who asks: dag_id, run_id, task_id, url.")


@dataclasses.dataclass(frozen=True)
class TrialRequest:
    """Carry out one trial; asked again after a kill, it is the same trial."""

    store: str = setting(REQUIRED, "URI of the store.")
    study: str = setting(REQUIRED, "URI of the study.")
    slot: int = setting(REQUIRED, "Which trial, from 0.", minimum=0, maximum=999)


@dataclasses.dataclass(frozen=True)
class ConcludeRequest:
    """Look at the finished trials."""

    store: str = setting(REQUIRED, "URI of the store.")
    study: str = setting(REQUIRED, "URI of the study.")
