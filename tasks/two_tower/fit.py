"""Train once, keep the epoch that was best on validation, go on after a kill, record it."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.models.family import Fit, Written, run_fit
from tasks.core.models.validation import Searched, Validation
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.registry.training_progress import RECALL
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import TowerEncoder
from tasks.core.store.identity import code_version
from tasks.core.store.store import Store
from tasks.core.torch import loop
from tasks.core.torch.checkpoint import TrainingState
from tasks.core.torch.hardware import check_memory, prepare_device
from tasks.two_tower import export
from tasks.two_tower.default_sizes import SizedSettings, decide_sizes
from tasks.two_tower.memory_estimate import REMEDY, estimate_bytes
from tasks.two_tower.settings import FitRequest
from tasks.two_tower.trainer import Trainer, tower_shape
from tasks.two_tower.training_data import TrainingData, read_training_data

FAMILY = "two_tower"


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such snapshot, feature or device; too little memory; the loss is no longer a
            number.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    store = Store(request.store)
    snapshot = find_snapshot(store, request.snapshot, request.dataset, request.day)
    the_fit = Fit(FAMILY, request, store, snapshot, code_version(__name__), parents=[snapshot.uri])
    scratch = store.path("checkpoints", FAMILY, the_fit.id)

    def learn(recorder: RunRecorder) -> Learned:
        dataset = read_training_data(snapshot, request.settings)
        settings = decide_sizes(request.settings, dataset)
        recorder.decided(request.settings, settings)
        state = train(request, settings, snapshot, dataset, scratch, recorder)
        return Learned(state, dataset, settings)

    return run_fit(
        the_fit,
        learn,
        lambda folder, learned: _write(folder, learned, snapshot),
        conclude=lambda: shutil.rmtree(scratch, ignore_errors=True),
    )


@dataclasses.dataclass(frozen=True)
class Learned:
    """Trained towers, what they learned from, and the settings with what the data decided."""

    state: TrainingState
    dataset: TrainingData
    settings: SizedSettings


def train(
    request: FitRequest,
    settings: SizedSettings,
    snapshot: Snapshot,
    dataset: TrainingData,
    scratch: Path,
    recorder: RunRecorder,
) -> TrainingState:
    """Train until the last epoch, or until validation has not improved for `patience` of them."""
    device = prepare_device(settings.device, settings.threads)
    needed = estimate_bytes(settings, tower_shape(settings, dataset), len(dataset.histories.items))
    check_memory(FAMILY, needed, device, REMEDY)
    trainer = Trainer(settings, dataset, request.seed, device)
    log(
        "two_tower.begin",
        items=len(dataset.counts),
        new_items=int((dataset.counts == 0).sum()),
        users=int((dataset.user_rows >= 0).sum()),
        item_features=feature_names(dataset.item_features),
        user_features=feature_names(dataset.user_features),
        examples=trainer.total,
        loss=settings.loss,
        device=trainer.device,
    )
    return loop.train_epochs(
        FAMILY,
        trainer,
        _validate(settings, snapshot, dataset),
        recorder,
        scratch,
        settings.patience,
        settings.threads,
        budget_minutes=settings.budget_minutes,
    )


def _validate(
    settings: SizedSettings, snapshot: Snapshot, dataset: TrainingData
) -> Callable[[dict[str, Tensor]], dict[str, float]]:
    rows = np.arange(len(dataset.counts), dtype=np.int32)
    validation = Validation(snapshot.queries("validation"), len(rows), settings.validation_users)

    def validate(weights: dict[str, Tensor]) -> dict[str, float]:
        vectors, encoder = export_model(weights, dataset, settings, snapshot)
        model = Searched(encoder, vectors, rows)
        return {
            RECALL: validation.recall(model),
            f"{RECALL}_newcomers": validation.recall_of_cold_start_users(model),
        }

    return validate


def feature_names(described) -> str:
    """The features that are read, for the log."""
    return (
        ",".join(
            [
                *(["id"] if described.with_id else []),
                *(f"{one.name}({len(one)})" for one in described.features),
            ]
        )
        or "none"
    )


def export_model(
    weights: dict[str, Tensor], dataset: TrainingData, settings: SizedSettings, snapshot: Snapshot
) -> tuple[np.ndarray, TowerEncoder]:
    """Candidate vectors and the encoder of a state of the model."""
    vectors = export.candidates(weights, dataset)
    return vectors, export.encoder(
        weights,
        vectors,
        dataset,
        snapshot.user_ids,
        settings.history_decays,
        settings.window,
    )


def _write(folder: Path, learned: Learned, snapshot: Snapshot) -> Written:
    state, dataset = learned.state, learned.dataset
    vectors, encoder = export_model(state.best, dataset, learned.settings, snapshot)
    new = np.flatnonzero(dataset.counts == 0)
    save_candidate(folder, snapshot.item_ids, vectors, encoder, new)
    figures = state.figures[state.best_epoch - 1]
    return Written(
        snapshot.item_ids,
        vectors,
        state.best_epoch,
        {name: figures[name] for name in figures if name.startswith(RECALL)},
        state.validation_seconds,
        counts={"items": len(vectors), "new_items": len(new)},
        facts={
            "item_features": feature_names(dataset.item_features),
            "user_features": feature_names(dataset.user_features),
        },
        settings=learned.settings,
    )
