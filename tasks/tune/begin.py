"""Open a study, or find it open: the same family, data, space and seed are the same study, and more
trials go on with it.
"""

from __future__ import annotations

import os

from optuna.trial import TrialState

from tasks.core.cli.log import log
from tasks.core.registry import mlflow_client
from tasks.core.store.identity import code_version, identity
from tasks.core.store.store import Store, write_json
from tasks.tune.settings import BeginRequest
from tasks.tune.space import read_space
from tasks.tune.study import Study, as_text


def begin(request: BeginRequest) -> dict:
    """The study's URI and its trials.

    Raises:
        BadRequest: the search space cannot be read.
        Unreachable: MLflow is away.
    """
    found = read_space(request.family, request.space)
    space = as_text(found.choices)
    fit = {
        name: value
        for name, value in request.fit.items()
        if name not in ("origin", "track", "experiment")
    }
    id = identity(
        family=request.family,
        fit=fit,
        space=space,
        seed=request.seed,
        code=code_version(f"tasks.{request.family}.fit", __name__),
    )
    folder = Store(request.store).path("tunings", request.family, id)
    folder.mkdir(parents=True, exist_ok=True)
    run = None
    if request.track:
        run = mlflow_client.find_or_start(
            request.experiment,
            f"tune {request.family}",
            id,
            {
                "recall.family": request.family,
                "recall.kind": "study",
                "recall.origin": str(request.origin.get("url") or "by hand"),
            },
        )
        mlflow_client.log_settings(
            run, {"seed": request.seed, **{f"space/{name}": text for name, text in space.items()}}
        )
    if not (folder / "study.json").is_file():
        write_json(
            folder / "study.json",
            {
                "id": id,
                "family": request.family,
                "fit": fit,
                "space": space,
                "seed": request.seed,
                "run": run,
                "experiment": request.experiment,
            },
        )
    study = Study.open(Store(request.store), folder.as_uri())
    book = study.load()
    if not book.trials:
        # Where the family stands today is the first trial: no study ends below it.
        given = fit.get("settings", {})
        book.enqueue_trial({name: given.get(name, start) for name, start in found.start.items()})
    done = sum(one.state != TrialState.WAITING for one in book.trials)
    log(
        "tune.begin",
        family=request.family,
        study=id,
        trials=request.trials,
        done=done,
        process=os.getpid(),
    )
    return {
        "study": study.uri,
        "id": id,
        "family": request.family,
        "trials": request.trials,
        "done": done,
        "run": run,
    }
