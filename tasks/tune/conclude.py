"""Verb `conclude`: the best settings of a study, and which settings mattered."""

from __future__ import annotations

import tempfile
from pathlib import Path

import optuna
from optuna.trial import TrialState

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.registry import mlflow_client
from tasks.core.store.store import Store, write_json
from tasks.tune.settings import ConcludeRequest
from tasks.tune.study import Study

FINISHED_STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def conclude(request: ConcludeRequest) -> dict:
    """Write the best settings to the study's folder, and plots to MLflow.

    Returns:
        study (its URI), family, settings, value (validation recall@50), number (of the best trial),
        importance, run, and the number of trials in each of `FINISHED_STATES`.

    Raises:
        RefusedData: no trial was finished.
        Unreachable: MLflow does not answer.
    """
    study = Study.open(Store(request.store), request.study)
    trials = study.load()
    counts = {
        state.name.lower(): sum(trial.state == state for trial in trials.trials)
        for state in FINISHED_STATES
    }
    if not counts["complete"]:
        raise RefusedData(
            f"no trial of {study.uri} was finished",
            got=counts,
            remedy="look at the trials' logs",
        )
    best = trials.best_trial
    result = {
        "study": study.uri,
        "family": study.content["family"],
        "settings": {**study.content["fit"].get("settings", {}), **best.params},
        "value": best.value,
        "number": best.number,
        "importance": setting_importance(trials),
        "run": study.content["run"],
        **counts,
    }
    write_json(study.folder / "best.json", result)
    log("tune.concluded", family=result["family"], value=best.value, **best.params)
    if run := study.content["run"]:
        _log_to_mlflow(run, trials, result, counts)
    return result


def _log_to_mlflow(run: str, trials: optuna.Study, result: dict, counts: dict[str, int]) -> None:
    """Log the result and the plots of a study to its run, and end the run."""
    numbers = {f"trials/{state}": count for state, count in counts.items()}
    mlflow_client.log_metrics(run, {"best/validation_recall_50": result["value"], **numbers})
    with tempfile.TemporaryDirectory() as folder:
        draw_study(Path(folder), trials, result["importance"])
        write_json(Path(folder) / "best.json", result)
        mlflow_client.log_folder(run, Path(folder))
    mlflow_client.end(run)


def setting_importance(study: optuna.Study) -> dict[str, float]:
    """Setting → share of the variance of validation recall that it explains.

    fANOVA, Hutter et al. 2014; empty for fewer than four finished trials, or equal values.
    """
    finished = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    if len(finished) < 4 or len({trial.value for trial in finished}) < 2:
        return {}
    shares = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    return {name: round(float(share), 4) for name, share in shares.items()}


def draw_study(folder: Path, study: optuna.Study, shares: dict[str, float]) -> None:
    """Write `history.png`, and `importance.png` where there is an importance of the settings."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    finished = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    numbers = [trial.number for trial in finished]
    values = [trial.value for trial in finished]
    highest = [max(values[: i + 1]) for i in range(len(values))]
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    axes.plot(numbers, values, "o", color="#5b7db1", label="trial")
    axes.step(numbers, highest, where="post", color="#a3271b", label="best so far")
    axes.set(xlabel="trial", ylabel="validation recall@50")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    figure.savefig(folder / "history.png", dpi=110)
    plt.close(figure)
    if shares:
        figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
        names = sorted(shares, key=lambda name: shares[name])
        axes.barh(names, [shares[name] for name in names], color="#5b7db1")
        axes.set(xlabel="share of the variance of validation recall@50")
        figure.savefig(folder / "importance.png", dpi=110)
        plt.close(figure)
