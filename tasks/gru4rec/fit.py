"""Train once, keep the epoch that was best on validation, go on after a kill, record it."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from tasks.core.candidate import save_candidate
from tasks.core.errors import BadRequest, RefusedData
from tasks.core.identity import code_version, identity
from tasks.core.log import Progress, log
from tasks.core.manifest import Draft
from tasks.core.recording import Recorder, describe
from tasks.core.similar import taste_space
from tasks.core.snapshot import Snapshot, resolve
from tasks.core.store import Store
from tasks.core.training import checkpoint
from tasks.core.training.checkpoint import Standing
from tasks.core.training.validation import Validation
from tasks.gru4rec import export
from tasks.gru4rec.batches import positions
from tasks.gru4rec.settings import FitRequest, Settings
from tasks.gru4rec.trainer import Trainer

FAMILY = "gru4rec"


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such snapshot or device; the loss is no longer a number.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    store = Store(request.store)
    snapshot = resolve(store, request.snapshot, request.dataset, request.day)
    code = code_version(FAMILY, "core/training")
    id = identity(dataset=snapshot.dataset, snapshot=snapshot.id, settings=request.settings, seed=request.seed, code=code)
    scratch = store.path("checkpoints", FAMILY, id)
    recorder = Recorder.start(request, FAMILY, id, snapshot, code)
    try:
        if store.find("candidates", FAMILY, id) is None:
            rows = catalogue(snapshot, request.settings)
            kept = train(request, snapshot, rows, scratch, recorder)
            with store.writing("candidate", "candidates", FAMILY, id) as draft:
                _write(draft, kept, rows, request, snapshot, code, recorder)
        shutil.rmtree(scratch, ignore_errors=True)
        return recorder.finish(store.find("candidates", FAMILY, id), snapshot)
    except BaseException:
        recorder.failed()
        raise


def catalogue(snapshot: Snapshot, settings: Settings) -> np.ndarray:
    """int32 (items of the snapshot): the model's row of each item, −1 for those liked too rarely to be learned.

    Raises:
        RefusedData: fewer than two are left, so that there is nothing to tell apart.
    """
    counts = np.bincount(snapshot.histories("train").items, minlength=len(snapshot.item_ids))
    known = counts >= settings.minimum_count
    if known.sum() < 2:
        raise RefusedData(f"{int(known.sum())} items are liked by {settings.minimum_count} users or more in {snapshot.uri}",
                          allowed="at least two", remedy="lower settings.minimum_count, or ingest more data")
    return np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)


def train(request: FitRequest, snapshot: Snapshot, rows: np.ndarray, scratch: Path, recorder: Recorder) -> Standing:
    """Epochs until the last, or until validation has not improved for `patience` of them."""
    settings, histories = request.settings, snapshot.histories("train").renamed(rows)
    if positions(histories) == 0:
        raise RefusedData(f"no user of {snapshot.uri} liked two items of the catalogue", got=f"{len(histories)} users",
                          allowed="sequences of two or more", remedy="ingest more data, or lower settings.minimum_count")
    counts = np.bincount(histories.items, minlength=rows.max() + 1)
    trainer = Trainer(settings, histories, counts, request.seed, _prepare(settings))
    validation = Validation(snapshot.queries("validation"), rows, settings.validation_users)
    log("gru4rec.begin", items=len(counts), users=len(histories), positions=trainer.total, loss=type(trainer.loss).__name__,
        device=trainer.device)
    standing = _resume(trainer, scratch, recorder)
    progress = Progress("gru4rec.training", (settings.epochs - standing.epoch) * trainer.total, "positions")
    while standing.epoch < settings.epochs and standing.epoch - standing.best_epoch < settings.patience:
        _advance(standing, trainer, validation, recorder, progress)
        checkpoint.save(scratch, standing)
    return standing


def _prepare(settings: Settings) -> torch.device:
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise BadRequest("no GPU is here", got="settings.device 'cuda'", allowed="'auto' or 'cpu'",
                         remedy="leave settings.device at 'auto'")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS is not repeatable
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # a guard against reading what was never written: 7 % of the time
    torch.set_num_threads(settings.threads)
    return torch.device("cuda" if settings.device != "cpu" and torch.cuda.is_available() else "cpu")


def _resume(trainer: Trainer, scratch: Path, recorder: Recorder) -> Standing:
    standing = checkpoint.load(scratch)
    if standing is None:
        return Standing()
    trainer.restore(standing)
    log("gru4rec.resumed", epoch=standing.epoch)
    for number, figures in enumerate(standing.figures, 1):
        recorder.epoch(number, figures)
    return standing


def _advance(standing: Standing, trainer: Trainer, validation: Validation, recorder: Recorder, progress: Progress) -> None:
    """One epoch: train, validate by what would be served, keep the best weights, the latest among equals."""
    number, figures = standing.epoch + 1, trainer.epoch(standing.epoch + 1, progress)
    weights = trainer.weights()
    with threadpool_limits(trainer.settings.threads):  # numpy's own threads spin against those of other trainings
        recall = validation.recall(export.encoder(weights, trainer.settings),
                                   export.candidates(weights, trainer.settings.unit_items))
    if recall >= standing.best_recall:
        standing.best_epoch, standing.best_recall, standing.best = number, recall, weights
    standing.epoch, standing.weights = number, weights
    standing.steps, standing.moments = trainer.optimiser.steps, trainer.optimiser.moments
    standing.figures.append({**figures, "validation_recall_50": recall})
    recorder.epoch(number, standing.figures[-1])


def _write(draft: Draft, kept: Standing, rows: np.ndarray, request: FitRequest, snapshot: Snapshot, code: str,
           recorder: Recorder) -> None:
    vectors, encoder = export.candidates(kept.best, request.settings.unit_items), export.encoder(kept.best, request.settings)
    item_ids = [snapshot.item_ids[row] for row in np.flatnonzero(rows >= 0)]
    similar = taste_space(vectors[:, :-1], snapshot.histories("train").renamed(rows))
    save_candidate(draft.path, item_ids, vectors, similar, encoder)
    recorder.save(draft.path, kept.best_epoch, {"validation_recall_50": kept.best_recall})
    draft.counts = {"items": len(item_ids), "items_left_out": int((rows < 0).sum())}
    draft.facts = describe(FAMILY, snapshot, request.settings, code, vectors.shape[1])
    draft.lineage = {"settings": dataclasses.asdict(request.settings), "seed": request.seed, "code": code, "run": recorder.run,
                     "parents": [snapshot.uri]}
