"""Logging of an evaluation to MLflow: the figures of a model and its champion, a run a baseline.

Every run has the same names, `test/recall_50` and so on, so that models are compared by ticking
runs.
"""

from __future__ import annotations

from tasks.core.registry import mlflow_client
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.evaluate.settings import JudgeRequest

SLICE_METRICS = ("recall_50", "ndcg_10", "hr_10")
# MLflow takes letters, digits, spaces and _-./ in the name of a metric
REPLACEMENTS = str.maketrans({"≤": "to", ">": "over"})


def log_evaluation(
    store: Store, evaluation: Artefact, baselines: Artefact, request: JudgeRequest
) -> None:
    """Log the figures of an evaluation; doing so twice changes nothing that is read."""
    facts = evaluation.facts
    metrics, slices = facts["metrics"], facts["slices"]
    if request.run:
        own = _figures("test", metrics["challenger"]) | _slices(slices, "challenger")
        if "champion" in metrics:
            own |= _figures("champion", metrics["champion"])
        if facts["members"]:
            own |= _figures(
                "best member",
                max(
                    (metrics[family] for family in facts["members"]),
                    key=lambda figures: figures["recall_50"] or 0.0,
                ),
            )
        mlflow_client.log_metrics(request.run, own | _figures("popularity", metrics["popularity"]))
    # The challengers of a day end together, and would start the same runs.
    with store.alone(*baselines.location.relative_to(store.root).parts):
        _log_baselines(facts, baselines, request)


def _log_baselines(facts: dict, baselines: Artefact, request: JudgeRequest) -> None:
    for model, figures in baselines.facts["metrics"].items():
        run = mlflow_client.find_or_start(
            request.experiment,
            f"{model} {facts['day']}",
            f"{model}-{baselines.id}",
            {
                "recall.family": model,
                "recall.kind": "baseline",
                "recall.day": facts["day"],
                "recall.snapshot": facts["snapshot"].rsplit("/", 1)[-1],
                "recall.dataset": facts["dataset"],
            },
        )
        if not mlflow_client.logged_steps(run, "test/recall_50"):
            mlflow_client.log_settings(run, baselines.facts["baselines"].get(model, {}))
            mlflow_client.log_metrics(
                run, _figures("test", figures) | _slices(facts["slices"], model)
            )
        mlflow_client.end(run)


def _figures(section: str, figures: dict[str, float | None]) -> dict[str, float]:
    """Metrics under a section, which MLflow shows as a group of charts."""
    return {f"{section}/{name}": value for name, value in figures.items() if value is not None}


def _slices(slices: dict, model: str) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, facts in slices.items():
        section = "".join(
            c for c in name.translate(REPLACEMENTS) if (c.isalnum() and c.isascii()) or c in " _-."
        ).strip()
        means = {metric: facts["metrics"][model][metric] for metric in SLICE_METRICS}
        figures |= _figures(f"slice {section}", means)
    return figures
