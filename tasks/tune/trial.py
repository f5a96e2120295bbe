"""Verb `trial`: choose settings, and train a family with them in a process of its own.

The family's stage is run by its command line, so that this stage imports no other. The training
logs a line an epoch, `<family>.epoch epoch=3 … validation_recall_50=0.41`, which is reported to the
pruner: a training that falls behind is ended. Its progress messages are passed on.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import optuna
from optuna.trial import TrialState

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.cli.log import log, say
from tasks.core.registry import mlflow_client
from tasks.core.store.store import Store
from tasks.tune.settings import TrialRequest
from tasks.tune.study import SLOT, Study

METRIC = "validation_recall_50"
EPOCH_LINE = re.compile(rf"\.epoch epoch=(\d+) .*\b{METRIC}=([0-9.e+-]+)")
PROGRESS_LINE = re.compile(r" progress: (.+)")
# Exit codes of a training that refuses these settings; others may do
REFUSED_CODES = (BadRequest.exit_code, RefusedData.exit_code)


class Pruned(Exception):
    """The training fell behind and was ended."""


def trial(request: TrialRequest) -> dict:
    """Run the trial of a slot, or find it finished.

    A trial that was killed is begun again with the same settings.

    Returns:
        slot, number, state (complete, pruned or refused), value (the best validation recall@50),
        settings.
    """
    study = Study.open(Store(request.store), request.study)
    trials = study.load(request.slot)
    for earlier in trials.trials:
        finished = earlier.state in (TrialState.COMPLETE, TrialState.PRUNED)
        if finished and earlier.user_attrs.get(SLOT) == request.slot:
            return _result(request.slot, earlier)
    current = _begin(trials, study, request.slot)
    settings = {**study.content["fit"].get("settings", {}), **current.params}
    curve: list[tuple[int, float]] = []
    log("tune.trial", slot=request.slot, number=current.number, **current.params)
    try:
        value = _train(study, settings, current, curve)
        trials.tell(current, value)
    except Pruned:
        trials.tell(current, state=TrialState.PRUNED)
    except RefusedData as error:
        current.set_user_attr("refused", str(error))
        trials.tell(current, state=TrialState.PRUNED)
    done = next(trial for trial in trials.trials if trial.number == current.number)
    _log_to_mlflow(study, request.slot, done, settings, curve)
    return _result(request.slot, done)


def _begin(trials: optuna.Study, study: Study, slot: int) -> optuna.Trial:
    """A trial of this slot; one that was killed is closed, and its settings are tried again."""
    for trial in trials.trials:
        if trial.user_attrs.get(SLOT) == slot and trial.state == TrialState.RUNNING:
            trials.tell(trial.number, state=TrialState.FAIL)
            trials.enqueue_trial(trial.params)
            log("tune.again", slot=slot, number=trial.number)
    current = trials.ask(study.space)
    current.set_user_attr(SLOT, slot)
    return current


def _train(
    study: Study, settings: dict, current: optuna.Trial, curve: list[tuple[int, float]]
) -> float:
    """Train in a process of its own; returns the best validation recall@50.

    Args:
        curve: (epoch, validation recall@50) of every epoch is appended.

    Raises:
        Pruned: the training fell behind.
        RefusedData: the family refused the settings.
    """
    family = study.content["family"]
    request = {**study.content["fit"], "settings": settings, "track": False}
    process = _start(family, request)
    assert process.stdout and process.stderr, "both are pipes"
    last = ""
    try:
        for line in process.stderr:
            last = line.strip() or last
            if progress := PROGRESS_LINE.search(line):
                say(f"trial {current.number}: {progress[1]}")
            if epoch := EPOCH_LINE.search(line):
                curve.append((int(epoch[1]), float(epoch[2])))
                current.report(max(value for _, value in curve), curve[-1][0])
                if current.should_prune():
                    raise Pruned
        answer = process.stdout.read()
        if process.wait() in REFUSED_CODES:
            raise RefusedData(last)
        if process.returncode:
            raise RuntimeError(f"{family} fit ended with {process.returncode}: {last}")
        return float(json.loads(answer.splitlines()[-1])["metrics"][METRIC])
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _start(family: str, request: dict) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"tasks.{family}", "fit", json.dumps(request)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    # The kernel kills the training when its trial is killed; else the next try would run beside it.
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _result(slot: int, trial: optuna.trial.FrozenTrial) -> dict:
    refused = trial.user_attrs.get("refused")
    return {
        "slot": slot,
        "number": trial.number,
        "state": "refused" if refused else trial.state.name.lower(),
        "value": trial.value,
        "settings": trial.params,
        **({"why": refused} if refused else {}),
    }


def _log_to_mlflow(
    study: Study,
    slot: int,
    done: optuna.trial.FrozenTrial,
    settings: dict,
    curve: list[tuple[int, float]],
) -> None:
    parent = study.content["run"]
    if parent is None:
        return
    run = mlflow_client.find_or_start(
        study.content["experiment"],
        f"trial {slot}",
        f"{study.content['id']}-{slot}",
        {
            "mlflow.parentRunId": parent,
            "recall.family": study.content["family"],
            "recall.kind": "trial",
            "recall.state": done.state.name.lower(),
        },
    )
    mlflow_client.log_settings(run, settings)
    for epoch, value in curve:
        mlflow_client.log_metrics(run, {METRIC: value}, epoch)
    if done.value is not None:
        mlflow_client.log_metrics(run, {f"best/{METRIC}": done.value})
    mlflow_client.end(run, "FINISHED" if done.value is not None else "KILLED")
