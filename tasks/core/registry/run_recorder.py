"""One training, as MLflow and the store remember it; the same for every family.

    recorder = Recorder.start(request, "item2vec", candidate_id, snapshot, code)
    recorder.epoch(1, {"train_loss": .3, "validation_recall_50": .4})
    with store.writing("candidate", …) as draft:  save_candidate(draft.path, …);
    recorder.save(draft.path, best_epoch=1, metrics={…}) return
    recorder.finish(store.find("candidates", "item2vec", candidate_id), snapshot)

Everything `finish` needs is in the candidate's own folder (`training.json` holds the curve). A task
that is killed after the candidate was written, or that found MLflow away, is run again: it finds
the candidate, and `finish` records what is missing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tasks.core.cli.errors import BadRequest, Unreachable
from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Snapshot
from tasks.core.registry import mlflow_client
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.stability import stability_sentence
from tasks.core.store.identity import identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import write_json

CURVE_FILE = "training.json"


class Request(Protocol):
    """The fields of every family's `fit` request that a run needs."""

    settings: Any
    seed: int
    track: bool
    experiment: str
    origin: dict[str, Any]


# Where a model is trained, where it starts and which way its space is turned, not what it is: these
# make a refresh, not a change.
CIRCUMSTANCES = ("threads", "device", "warm_start", "align", "budget_minutes")


def candidate_facts(
    family: str,
    snapshot: Snapshot,
    settings: Any,
    code: str,
    dimension: int,
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The facts that the manifest of every candidate holds.

    Args:
        more: what was set elsewhere and decides on the model too, as the graph's settings do.
    """
    return {
        "family": family,
        "day": snapshot.day,
        "dataset": snapshot.dataset,
        "snapshot": snapshot.id,
        "dimension": dimension,
        "split": snapshot.artefact.facts["split"],
        "settings_digest": settings_digest(settings, more),
        "code": code,
    }


def settings_digest(settings: Any, more: dict[str, Any] | None = None) -> str:
    """The digest that distinguishes a refresh (the same settings on newer data) from a change."""
    return identity(
        settings={
            name: value
            for name, value in dataclasses.asdict(settings).items()
            if name not in CIRCUMSTANCES
        }
        | (more or {})
    )


def changed_settings(settings: Any) -> list[str]:
    """`name=value` of every setting that is not at its default: what tells two runs of one day
    apart.
    """
    return [
        f"{field.name}={value}"
        for field in dataclasses.fields(settings)
        if (value := getattr(settings, field.name)) != field.default
    ]


class RunRecorder:
    """Collects a training's figures by epoch; sends them to MLflow when `run` is one of its runs,
    and not when it is None.
    """

    def __init__(self, family: str, candidate: str, run: str | None) -> None:
        self.family, self.candidate, self.run = family, candidate, run
        self.epochs: list[dict[str, Any]] = []
        self._sent = (
            mlflow_client.logged_steps(run, "validation_recall_50", "epoch_seconds")
            if run
            else set()
        )  # by an earlier try
        self._away, self._begun = False, time.monotonic()

    @classmethod
    def start(
        cls,
        request: Request,
        family: str,
        candidate: str,
        snapshot: Snapshot,
        code: str,
        more: dict[str, Any] | None = None,
    ) -> RunRecorder:
        """Find the run of this candidate or begin it, with its settings, tags and data; `more` as
        in `describe`.

        Raises:
            BadRequest: the experiment was deleted, or cannot be named so; nothing has been trained
                yet.
            Unreachable: MLflow is away; nor then.
        """
        if not request.track:
            return cls(family, candidate, None)
        origin = request.origin.get("url") or request.origin.get("run_id") or "by hand"
        tags = {
            "recall.family": family,
            "recall.day": snapshot.day,
            "recall.snapshot": snapshot.id,
            "recall.code": code,
            "recall.origin": str(origin),
        }
        run = mlflow_client.find_or_start(
            request.experiment,
            " ".join([family, *changed_settings(request.settings), snapshot.day]),
            candidate,
            tags,
        )
        mlflow_client.log_settings(
            run, {**dataclasses.asdict(request.settings), **(more or {}), "seed": request.seed}
        )
        mlflow_client.log_lineage(
            run, f"{snapshot.dataset} {snapshot.day}", snapshot.id, snapshot.uri
        )
        return cls(family, candidate, run)

    def decided(self, given: Any, made: Any) -> None:
        """Record the settings that the data has filled in, as `decided/<name>`: MLflow keeps those
        that were given as they are.
        """
        names = [
            field.name
            for field in dataclasses.fields(made)
            if getattr(given, field.name) != getattr(made, field.name)
        ]
        if self.run and names and not self._away:
            mlflow_client.log_settings(
                self.run, {f"decided/{name}": getattr(made, name) for name in names}
            )

    def epoch(self, step: int, metrics: dict[str, float]) -> None:
        """Record one epoch. MLflow going away, or the run being deleted, does not end a training:
        what could not be sent is sent by `finish`.
        """
        metrics = {name: float(value) for name, value in metrics.items()}
        self.epochs.append({"step": step, "metrics": metrics})
        log(f"{self.family}.epoch", epoch=step, **metrics)
        if self.run and not self._away:
            try:
                self._send(self.run, [self.epochs[-1]])
            except (BadRequest, Unreachable) as error:
                self._away = True
                log(f"{self.family}.mlflow_away", error=error)

    def _send(self, run: str, epochs: list[dict[str, Any]]) -> None:
        for epoch in epochs:
            if epoch["step"] not in self._sent:
                mlflow_client.log_metrics(run, epoch["metrics"], epoch["step"])
                self._sent.add(epoch["step"])

    def save(
        self,
        folder: Path,
        best_epoch: int,
        metrics: Mapping[str, float],
        validation_seconds: float = 0.0,
    ) -> None:
        """Write the curve into the candidate's folder, with the kept epoch and the figures of what
        was kept.

        Args:
            validation_seconds: of all tries; recorded as a share of the training's time.
        """
        spent = validation_seconds + sum(
            one["metrics"].get("epoch_seconds", 0.0) for one in self.epochs
        )  # by tries before this one too
        share = validation_seconds / max(time.monotonic() - self._begun, spent, 1e-9)
        write_json(
            folder / CURVE_FILE,
            {
                "epochs": self.epochs,
                "best_epoch": best_epoch,
                "validation_share": round(share, 4),
                "metrics": {name: float(value) for name, value in metrics.items()},
            },
        )

    def failed(self) -> None:
        """Mark the run as failed; silent when MLflow is away or the run deleted, since the reason
        to fail matters more.
        """
        if self.run:
            with contextlib.suppress(BadRequest, Unreachable):
                mlflow_client.end(self.run, "FAILED")

    def finish(self, artefact: Artefact, snapshot: Snapshot) -> dict[str, Any]:
        """Record what is missing and register the candidate as challenger; returns the result of
        the `fit` verb.

        Raises:
            BadRequest: the run was deleted in the meantime. Unreachable: MLflow is away. The
                candidate stays, and the same request run again ends the work.
        """
        training = json.loads(artefact.file(CURVE_FILE).read_text())
        version = self._record(self.run, artefact, snapshot, training) if self.run else None
        return {
            "uri": artefact.uri,
            "id": artefact.id,
            "family": self.family,
            "snapshot": snapshot.uri,
            "day": snapshot.day,
            "run": self.run,
            "version": version,
            "items": artefact.counts["items"],
            "stability": artefact.facts.get("stability"),
            "dimension": artefact.facts["dimension"],
            "epochs": training["best_epoch"],
            "validation_share": training.get("validation_share", 0.0),
            "metrics": training["metrics"],
        }

    def _record(
        self, run: str, artefact: Artefact, snapshot: Snapshot, training: dict[str, Any]
    ) -> str:
        from tasks.core.registry.plots import draw_plots

        say("figures and pictures for MLflow")
        self._send(run, training["epochs"])
        mlflow_client.log_metrics(run, _final_metrics(artefact, training))
        with tempfile.TemporaryDirectory() as folder:
            draw_plots(Path(folder), Candidate(artefact), snapshot, training)
            mlflow_client.log_folder(run, Path(folder))
        mlflow_client.log_folder(run, artefact.path, "candidate")
        version = mlflow_client.register(
            self.family,
            run,
            artefact.id,
            artefact.uri,
            {
                "recall.day": snapshot.day,
                "recall.snapshot": snapshot.id,
                "recall.code": artefact.facts["code"],
                "recall.settings": artefact.facts["settings_digest"],
            },
            stability_sentence(artefact.facts.get("stability")) or None,
        )
        mlflow_client.end(run)
        log(f"{self.family}.registered", version=version, run=run)
        return version


def _final_metrics(artefact: Artefact, training: dict[str, Any]) -> dict[str, float]:
    stability = artefact.facts.get("stability") or {}
    return {
        **{f"best/{name}": value for name, value in training["metrics"].items()},
        **{f"best/{name}": count for name, count in artefact.counts.items()},
        **{f"stability/{name}": value for name, value in stability.items()},
        "best/epoch": training["best_epoch"],
        "validation_share": training.get("validation_share", 0.0),
    }
