"""One trial: settings are chosen, the family trains with them in a process of its own, and
validation is told epoch by epoch.

The family's stage is run by its command line, so that this one imports no other. What it logs an
epoch, `<family>.epoch epoch=3 … validation_recall_50=0.41`, is what pruning looks at: a training
that falls behind is ended. What it says of how far it is, is said on.
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
REFUSED_CODES = (BadRequest.exit_code, RefusedData.exit_code)  # with these settings; others may do


class Pruned(Exception):
    """The training fell behind and was ended."""


def trial(request: TrialRequest) -> dict:
    """The trial of a slot: found finished, begun again after a kill with the same settings, or
    begun.

    Returns:
        slot, number, state (complete, pruned or refused), value (the best validation recall@50),
        settings.
    """
    study = Study.open(Store(request.store), request.study)
    book = study.load(request.slot)
    for one in book.trials:
        if one.user_attrs.get(SLOT) == request.slot and one.state in (
            TrialState.COMPLETE,
            TrialState.PRUNED,
        ):
            return _told(request.slot, one)
    made = _begun(book, study, request.slot)
    settings = {**study.content["fit"].get("settings", {}), **made.params}
    curve: list[tuple[int, float]] = []
    log("tune.trial", slot=request.slot, number=made.number, **made.params)
    try:
        value = _train(study, settings, made, curve)
        book.tell(made, value)
    except Pruned:
        book.tell(made, state=TrialState.PRUNED)
    except RefusedData as error:
        made.set_user_attr("refused", str(error))
        book.tell(made, state=TrialState.PRUNED)
    done = next(one for one in book.trials if one.number == made.number)
    _record(study, request.slot, done, settings, curve)
    return _told(request.slot, done)


def _begun(book: optuna.Study, study: Study, slot: int) -> optuna.Trial:
    """A trial of this slot; one that was killed is closed, and its settings are tried again."""
    for one in book.trials:
        if one.user_attrs.get(SLOT) == slot and one.state == TrialState.RUNNING:
            book.tell(one.number, state=TrialState.FAIL)
            book.enqueue_trial(one.params)
            log("tune.again", slot=slot, number=one.number)
    made = book.ask(study.space)
    made.set_user_attr(SLOT, slot)
    return made


def _train(
    study: Study, settings: dict, made: optuna.Trial, curve: list[tuple[int, float]]
) -> float:
    family = study.content["family"]
    request = {**study.content["fit"], "settings": settings, "track": False}
    process = subprocess.Popen(
        [sys.executable, "-m", f"tasks.{family}", "fit", json.dumps(request)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_die_with_parent,
    )
    assert process.stdout and process.stderr, "both are pipes"
    last = ""
    try:
        for line in process.stderr:
            last = line.strip() or last
            if found := PROGRESS_LINE.search(line):
                say(f"trial {made.number}: {found[1]}")
            if found := EPOCH_LINE.search(line):
                curve.append((int(found[1]), float(found[2])))
                made.report(max(value for _, value in curve), curve[-1][0])
                if made.should_prune():
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


def _die_with_parent() -> None:
    # A trial that is killed outright takes its training along: the next try would train beside it.
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _told(slot: int, one: optuna.trial.FrozenTrial) -> dict:
    refused = one.user_attrs.get("refused")
    return {
        "slot": slot,
        "number": one.number,
        "state": "refused" if refused else one.state.name.lower(),
        "value": one.value,
        "settings": one.params,
        **({"why": refused} if refused else {}),
    }


def _record(
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
