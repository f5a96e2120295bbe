"""The end of a study: what won, how the search went, which settings mattered."""

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


def conclude(request: ConcludeRequest) -> dict:
    """Write the best settings down, and the pictures into MLflow.

    Raises:
        RefusedData: no trial was finished.
        Unreachable: MLflow is away.
    """
    study = Study.open(Store(request.store), request.study)
    book = study.load()
    states = {
        state: sum(one.state == state for one in book.trials)
        for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    }
    if not states[TrialState.COMPLETE]:
        raise RefusedData(
            f"no trial of {study.uri} was finished",
            got={state.name.lower(): count for state, count in states.items()},
            remedy="look at the trials' logs",
        )
    best = book.best_trial
    settings = {**study.content["fit"].get("settings", {}), **best.params}
    result = {
        "study": study.uri,
        "family": study.content["family"],
        "settings": settings,
        "value": best.value,
        "number": best.number,
        "importance": setting_importance(book),
        "run": study.content["run"],
        **{state.name.lower(): count for state, count in states.items()},
    }
    write_json(study.folder / "best.json", result)
    log("tune.concluded", family=result["family"], value=best.value, **best.params)
    if run := study.content["run"]:
        mlflow_client.log_metrics(
            run,
            {
                "best/validation_recall_50": best.value,
                **{f"trials/{state.name.lower()}": n for state, n in states.items()},
            },
        )
        with tempfile.TemporaryDirectory() as folder:
            draw_study(Path(folder), book, result["importance"])
            write_json(Path(folder) / "best.json", result)
            mlflow_client.log_folder(run, Path(folder))
        mlflow_client.end(run)
    return result


def setting_importance(book: optuna.Study) -> dict[str, float]:
    """Setting → share of the variance of validation recall that it explains (fANOVA, Hutter et al.
    2014); empty for too few trials.
    """
    finished = [one for one in book.trials if one.state == TrialState.COMPLETE]
    if len(finished) < 4 or len({one.value for one in finished}) < 2:
        return {}
    found = optuna.importance.get_param_importances(
        book, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    return {name: round(float(share), 4) for name, share in found.items()}


def draw_study(folder: Path, book: optuna.Study, shares: dict[str, float]) -> None:
    """Write `history.png`, and `importance.png` where it is known."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    finished = [one for one in book.trials if one.state == TrialState.COMPLETE]
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    axes.plot(
        [one.number for one in finished],
        [one.value for one in finished],
        "o",
        color="#5b7db1",
        label="trial",
    )
    highest = [max(one.value for one in finished[: i + 1]) for i in range(len(finished))]
    axes.step(
        [one.number for one in finished],
        highest,
        where="post",
        color="#a3271b",
        label="best so far",
    )
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
