"""Epoch after epoch: train, validate by what would be served, keep the best, leave a checkpoint; go on after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from tasks.core.candidate import Candidate
from tasks.core.errors import RefusedData
from tasks.core.log import Progress, log
from tasks.core.recording import Recorder
from tasks.core.snapshot import Snapshot
from tasks.gru4rec import checkpoint, export, past
from tasks.gru4rec.batches import positions
from tasks.gru4rec.checkpoint import Standing
from tasks.gru4rec.group import Group
from tasks.gru4rec.machine import check_memory, peak_gb
from tasks.gru4rec.settings import FitRequest, Settings
from tasks.gru4rec.trainer import Trainer, shape
from tasks.gru4rec.validation import Validation


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


def learn(request: FitRequest, snapshot: Snapshot, rows: np.ndarray, champion: Candidate | None, scratch: Path,
          recorder: Recorder, device: torch.device, group: Group) -> Standing:
    """Epochs until the last, or until validation has not improved for `patience` of them.

    Raises:
        RefusedData: nothing to learn from, or nobody to validate with.
        BadRequest: more memory is needed than is free; the loss is no longer a number.
    """
    settings, histories = request.settings, snapshot.histories("train").renamed(rows)
    if positions(histories) == 0:
        raise RefusedData(f"no user of {snapshot.uri} liked two items of the catalogue", got=f"{len(histories)} users",
                          allowed="sequences of two or more", remedy="ingest more data, or lower settings.minimum_count")
    counts = np.bincount(histories.items, minlength=rows.max() + 1)
    check_memory(settings, shape(settings, len(counts)), len(histories.items), device)
    trainer = Trainer(settings, histories, counts, request.seed, device, group)
    validation = Validation(snapshot.queries("validation"), rows, settings.validation_users)
    item_ids = [snapshot.item_ids[row] for row in np.flatnonzero(rows >= 0)]
    if settings.warm_start and past.begin(trainer.model, champion, snapshot, item_ids):
        trainer.go_on()
    log("gru4rec.begin", items=len(counts), users=len(histories), positions=trainer.total, loss=type(trainer.loss).__name__, device=device)
    standing = _resume(trainer, scratch, recorder)
    progress = Progress("gru4rec.training", (trainer.epochs - standing.epoch) * trainer.total, "positions")
    while standing.epoch < trainer.epochs and standing.epoch - standing.best_epoch < settings.patience:
        _advance(standing, trainer, validation, recorder, progress)
        if group.leads:
            checkpoint.save(scratch, standing)
    return standing


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
    """One epoch; the latest among equals is kept."""
    number, figures = standing.epoch + 1, trainer.epoch(standing.epoch + 1, progress)
    weights, settings = trainer.weights(), trainer.settings
    recall = 0.0
    if trainer.group.leads:
        with threadpool_limits(settings.threads):  # numpy's own threads spin against those of other trainings
            recall = validation.recall(export.encoder(weights, settings), export.candidates(weights, settings.unit_items))
    recall = trainer.group.told(recall, trainer.device)
    if recall >= standing.best_recall:
        standing.best_epoch, standing.best_recall, standing.best = number, recall, weights
    standing.epoch, standing.weights = number, weights
    standing.steps, standing.moments = trainer.optimiser.steps, trainer.optimiser.moments
    standing.figures.append({**figures, "validation_recall_50": recall, "peak_gb": peak_gb(trainer.device)})
    if trainer.group.leads:
        recorder.epoch(number, standing.figures[-1])
