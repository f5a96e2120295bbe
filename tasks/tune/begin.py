"""Verb `begin`: open a study, or find it open.

The same family, data, space and seed are the same study; more trials continue it.
"""

from __future__ import annotations

import os
from pathlib import Path

from optuna.trial import TrialState

from tasks.core.cli.log import log
from tasks.core.registry import mlflow_client
from tasks.core.store.identity import code_version, identity
from tasks.core.store.store import Store, write_json
from tasks.tune.settings import BeginRequest
from tasks.tune.space import Space, read_space
from tasks.tune.study import Study, as_text

NOT_SEARCHED = ("origin", "track", "experiment")  # fields of a fit that make no other study


def begin(request: BeginRequest) -> dict:
    """Open a study and enqueue its first trial.

    Returns:
        study (its URI), id, family, trials (those wanted), done (those that exist), run.

    Raises:
        BadRequest: the search space cannot be read.
        Unreachable: MLflow does not answer.
    """
    space = read_space(request.family, request.space)
    choices = as_text(space.choices)
    fit = {name: value for name, value in request.fit.items() if name not in NOT_SEARCHED}
    id = identity(
        family=request.family,
        fit=fit,
        space=choices,
        seed=request.seed,
        code=code_version(f"tasks.{request.family}.fit", __name__),
    )
    folder = Store(request.store).path("tunings", request.family, id)
    folder.mkdir(parents=True, exist_ok=True)
    run = _start_run(request, id, choices) if request.track else None
    _write_study(folder, request, id, fit, choices, run)
    study = Study.open(Store(request.store), folder.as_uri())
    done = _enqueue_first(study, space)
    counts = {"trials": request.trials, "done": done}
    log("tune.begin", family=request.family, study=id, **counts, process=os.getpid())
    return {"study": study.uri, "id": id, "family": request.family, **counts, "run": run}


def _start_run(request: BeginRequest, id: str, choices: dict[str, str]) -> str:
    """Start the MLflow run of the study, or find it; returns its id."""
    tags = {
        "recall.family": request.family,
        "recall.kind": "study",
        "recall.origin": str(request.origin.get("url") or "by hand"),
    }
    run = mlflow_client.find_or_start(request.experiment, f"tune {request.family}", id, tags)
    spaces = {f"space/{name}": text for name, text in choices.items()}
    mlflow_client.log_settings(run, {"seed": request.seed, **spaces})
    return run


def _write_study(
    folder: Path,
    request: BeginRequest,
    id: str,
    fit: dict,
    choices: dict[str, str],
    run: str | None,
) -> None:
    """Write `study.json`, once."""
    file = folder / "study.json"
    if file.is_file():
        return
    content = {
        "id": id,
        "family": request.family,
        "fit": fit,
        "space": choices,
        "seed": request.seed,
        "run": run,
        "experiment": request.experiment,
    }
    write_json(file, content)


def _enqueue_first(study: Study, space: Space) -> int:
    """Enqueue the first trial of a new study; returns the number of trials that were begun.

    The first trial has the family's present settings, so that no study ends below them.
    """
    trials = study.load()
    if not trials.trials:
        settings = study.content["fit"].get("settings", {})
        trials.enqueue_trial(
            {name: settings.get(name, start) for name, start in space.start.items()}
        )
    return sum(trial.state != TrialState.WAITING for trial in trials.trials)
