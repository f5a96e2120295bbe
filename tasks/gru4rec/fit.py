"""Train once, keep the epoch that was best on validation, record it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import torch

from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.models.family import Fit, Written, run_fit
from tasks.core.registry.champion import previous_candidate
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.store.identity import code_version
from tasks.core.store.store import Store
from tasks.core.torch.hardware import prepare_device
from tasks.core.torch.process_group import ProcessGroup
from tasks.gru4rec import export, warm_start
from tasks.gru4rec.settings import FitRequest
from tasks.gru4rec.training import Learned, learn

FAMILY = "gru4rec"


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such snapshot or device; too little memory; the loss is no longer a number.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    device = prepare_device(request.settings.device, request.settings.threads)
    with ProcessGroup.joined(device) as group:
        return _fit(
            request if group.leads else dataclasses.replace(request, track=False), device, group
        )


def _fit(request: FitRequest, device: torch.device, group: ProcessGroup) -> dict:
    store = Store(request.store)
    snapshot = find_snapshot(store, request.snapshot, request.dataset, request.day)
    champion = None
    if request.settings.warm_start:
        champion = previous_candidate(store, FAMILY, request.champion, snapshot.day, request.track)
    parents = [snapshot.uri, *([champion.artefact.uri] if champion else [])]
    the_fit = Fit(
        FAMILY, request, store, snapshot, code_version(__name__), champion, parents=parents
    )
    scratch = store.path("checkpoints", FAMILY, the_fit.id)

    def conclude() -> None:
        group.wait()
        if group.leads:
            shutil.rmtree(scratch, ignore_errors=True)

    return run_fit(
        the_fit,
        lambda recorder: learn(request, snapshot, champion, scratch, recorder, device, group),
        lambda folder, learned: _write(folder, learned, snapshot),
        leads=group.leads,
        conclude=conclude,
    )


def _write(folder: Path, learned: Learned, snapshot: Snapshot) -> Written:
    state, rows, settings = learned.state, learned.rows, learned.settings
    vectors = export.candidates(state.best, settings.unit_items)
    item_ids = [snapshot.item_ids[row] for row in np.flatnonzero(rows >= 0)]
    save_candidate(folder, item_ids, vectors, export.encoder(state.best, settings))
    warm_start.save_state(folder, state.best)
    return Written(
        item_ids,
        vectors,
        state.best_epoch,
        {"validation_recall_50": state.best_recall},
        state.validation_seconds,
        counts={"items": len(item_ids), "items_left_out": int((rows < 0).sum())},
        settings=settings,
    )
