"""What MLflow is told of an evaluation: the figures of a model and of its champion, and each
baseline as a run of its own.

Every run has the same names, `test/recall_50` and so on, whoever it is of: models are compared by
ticking runs.
"""

from __future__ import annotations

from tasks.core.registry import mlflow_client
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.evaluate.settings import JudgeRequest

SLICE_METRICS = ("recall_50", "ndcg_10", "hr_10")  # of each slice
CHARACTERS = str.maketrans(
    {"≤": "to", ">": "over"}
)  # MLflow takes letters, digits, spaces and _-./


def log_evaluation(store: Store, done: Artefact, known: Artefact, request: JudgeRequest) -> None:
    """Log the figures; doing so twice changes nothing that is read."""
    metrics, slices = done.facts["metrics"], done.facts["slices"]
    if request.run:
        own = _figures("test", metrics["challenger"]) | _slices(slices, "challenger")
        if "champion" in metrics:
            own |= _figures("champion", metrics["champion"])
        if done.facts["members"]:
            own |= _figures(
                "best member",
                max(
                    (metrics[family] for family in done.facts["members"]),
                    key=lambda figures: figures["recall_50"] or 0.0,
                ),
            )
        mlflow_client.log_metrics(request.run, own | _figures("popularity", metrics["popularity"]))
    with store.alone(
        *known.place.relative_to(store.root).parts
    ):  # challengers of a day end together, and would begin the same runs
        _tell_baselines(done.facts, known, request)


def _tell_baselines(facts: dict, known: Artefact, request: JudgeRequest) -> None:
    for model, figures in known.facts["metrics"].items():
        run = mlflow_client.find_or_start(
            request.experiment,
            f"{model} {facts['day']}",
            f"{model}-{known.id}",
            {
                "recall.family": model,
                "recall.kind": "baseline",
                "recall.day": facts["day"],
                "recall.snapshot": facts["snapshot"].rsplit("/", 1)[-1],
                "recall.dataset": facts["dataset"],
            },
        )
        if not mlflow_client.logged_steps(run, "test/recall_50"):
            mlflow_client.log_settings(run, known.facts["baselines"].get(model, {}))
            mlflow_client.log_metrics(
                run, _figures("test", figures) | _slices(facts["slices"], model)
            )
        mlflow_client.end(run)


def _figures(section: str, figures: dict[str, float | None]) -> dict[str, float]:
    return {
        f"{section}/{name}": value for name, value in figures.items() if value is not None
    }  # a section of charts each


def _slices(slices: dict, model: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, one in slices.items():
        place = "".join(
            c for c in name.translate(CHARACTERS) if (c.isalnum() and c.isascii()) or c in " _-."
        ).strip()
        found |= _figures(
            f"slice {place}", {metric: one["metrics"][model][metric] for metric in SLICE_METRICS}
        )
    return found
