"""Train once, keep the epoch that was best on validation, go on after a kill, record it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
from torch import Tensor

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.registry.run_recorder import RunRecorder, candidate_facts
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.item_similarity import taste_space, unit_rows
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Draft
from tasks.core.store.store import Store
from tasks.core.torch import loop
from tasks.core.torch.checkpoint import TrainingState
from tasks.core.torch.hardware import check_memory, prepare
from tasks.core.torch.validation import Validation
from tasks.two_tower import export
from tasks.two_tower.default_sizes import sized
from tasks.two_tower.memory_estimate import REMEDY, estimate
from tasks.two_tower.settings import FitRequest, Settings
from tasks.two_tower.trainer import Trainer, shape
from tasks.two_tower.training_data import World, read

FAMILY = "two_tower"
RIDGE = 1e-3  # of the mean square of a direction


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
    code = code_version(__name__)
    id = identity(
        dataset=snapshot.dataset,
        snapshot=snapshot.id,
        settings=request.settings,
        seed=request.seed,
        code=code,
    )
    scratch = store.path("checkpoints", FAMILY, id)
    recorder = RunRecorder.start(request, FAMILY, id, snapshot, code)
    try:
        if store.find("candidates", FAMILY, id) is None:
            world = read(snapshot, request.settings)
            settings = sized(request.settings, world)
            recorder.decided(request.settings, settings)
            kept = train(
                dataclasses.replace(request, settings=settings), snapshot, world, scratch, recorder
            )
            with store.writing("candidate", "candidates", FAMILY, id) as draft:
                _write(draft, kept, world, request, settings, snapshot, code, recorder)
        shutil.rmtree(scratch, ignore_errors=True)
        return recorder.finish(store.find("candidates", FAMILY, id), snapshot)
    except BaseException:
        recorder.failed()
        raise


def train(
    request: FitRequest, snapshot: Snapshot, world: World, scratch: Path, recorder: RunRecorder
) -> TrainingState:
    """Epochs until the last, or until validation has not improved for `patience` of them."""
    settings = request.settings
    device = prepare(settings.device, settings.threads)
    check_memory(
        FAMILY,
        estimate(settings, shape(settings, world), len(world.histories.items)),
        device,
        REMEDY,
    )
    trainer = Trainer(settings, world, request.seed, device)
    queries = snapshot.queries("validation")
    rows = np.arange(len(world.counts), dtype=np.int32)
    validation = Validation(
        queries, rows, settings.validation_users, snapshot.attributes(users=queries.users)
    )
    log(
        "two_tower.begin",
        items=len(world.counts),
        new_items=int((world.counts == 0).sum()),
        users=int((world.user_rows >= 0).sum()),
        item_features=names(world.item_features),
        user_features=names(world.user_features),
        examples=trainer.total,
        loss=settings.loss,
        device=trainer.device,
    )

    def validate(weights: dict[str, Tensor]) -> dict[str, float]:
        vectors, encoder = served(weights, world, request, snapshot)
        return {
            loop.RECALL: validation.recall(encoder, vectors),
            f"{loop.RECALL}_newcomers": validation.recall_of_newcomers(encoder, vectors),
        }

    return loop.train_epochs(
        FAMILY,
        trainer,
        validate,
        recorder,
        scratch,
        settings.patience,
        settings.threads,
        budget_minutes=settings.budget_minutes,
    )


def names(described) -> str:
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


def served(weights: dict[str, Tensor], world: World, request: FitRequest, snapshot: Snapshot):
    """Candidate vectors and the encoder of a state of the model."""
    vectors = export.candidates(weights, world)
    return vectors, export.encoder(
        weights,
        vectors,
        world,
        snapshot.user_ids,
        request.settings.history_decays,
        request.settings.window,
    )


def _write(
    draft: Draft,
    kept: TrainingState,
    world: World,
    request: FitRequest,
    settings: Settings,
    snapshot: Snapshot,
    code: str,
    recorder: RunRecorder,
) -> None:
    """`settings`: with what the data decided; whether tomorrow's training is a refresh is told from
    the request's alone.
    """
    vectors, encoder = served(kept.best, world, request, snapshot)
    save_candidate(
        draft.path,
        snapshot.item_ids,
        vectors,
        similar(vectors[:, :-1], world),
        encoder,
        np.flatnonzero(world.counts == 0),
    )
    figures = kept.figures[kept.best_epoch - 1]
    recalls = {name: figures[name] for name in figures if name.startswith(loop.RECALL)}
    recorder.save(draft.path, kept.best_epoch, recalls, kept.validation_seconds)
    draft.counts = {"items": len(vectors), "new_items": int((world.counts == 0).sum())}
    draft.facts = {
        **candidate_facts(FAMILY, snapshot, request.settings, code, vectors.shape[1]),
        "item_features": names(world.item_features),
        "user_features": names(world.user_features),
    }
    draft.lineage = {
        "settings": dataclasses.asdict(settings),
        "seed": request.seed,
        "code": code,
        "run": recorder.run,
        "parents": [snapshot.uri],
    }


def similar(vectors: np.ndarray, world: World) -> np.ndarray:
    """Item-to-item vectors, float32 (items, d): the tastes of those who like an item; of a new
    item, what its vector says of them.

    A ridge regression from vectors to tastes over the items that are liked carries the new ones
    into the same space.
    """
    tastes, liked = (
        taste_space(vectors, world.histories),
        np.bincount(world.histories.items, minlength=len(vectors)) > 0,
    )
    if liked.all():
        return tastes
    x = np.hstack([vectors, np.ones((len(vectors), 1), np.float32)]).astype(np.float64)
    gram = x[liked].T @ x[liked]
    law = np.linalg.solve(
        gram + RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)), x[liked].T @ tastes[liked]
    )
    return np.where(liked[:, None], tastes, unit_rows(x @ law)).astype(np.float32)
