"""Train once, keep the epoch that was best on validation, record it."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import torch

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.registry.champion import find_champion, latest_before
from tasks.core.registry.run_recorder import RunRecorder, candidate_facts
from tasks.core.retrieval.candidate import Candidate, save_candidate
from tasks.core.retrieval.item_similarity import taste_space
from tasks.core.retrieval.stability import stability
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Draft
from tasks.core.store.store import Store
from tasks.core.torch.checkpoint import TrainingState
from tasks.core.torch.hardware import prepare
from tasks.core.torch.process_group import ProcessGroup
from tasks.gru4rec import export, warm_start
from tasks.gru4rec.batches import positions
from tasks.gru4rec.default_sizes import sized
from tasks.gru4rec.settings import FitRequest, Settings
from tasks.gru4rec.training import catalogue, learn

FAMILY = "gru4rec"


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such snapshot or device; too little memory; the loss is no longer a number.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    device = prepare(request.settings.device, request.settings.threads)
    with ProcessGroup.joined(device) as group:
        return _fit(
            request if group.leads else dataclasses.replace(request, track=False), device, group
        )


def _fit(request: FitRequest, device: torch.device, group: ProcessGroup) -> dict:
    store = Store(request.store)
    snapshot = find_snapshot(store, request.snapshot, request.dataset, request.day)
    champion = _champion(store, request, snapshot) if request.settings.warm_start else None
    code = code_version(__name__)
    id = identity(
        dataset=snapshot.dataset,
        snapshot=snapshot.id,
        champion=champion and champion.artefact.id,
        settings=request.settings,
        seed=request.seed,
        code=code,
    )
    scratch = store.path("checkpoints", FAMILY, id)
    recorder = RunRecorder.start(request, FAMILY, id, snapshot, code)
    try:
        if store.find("candidates", FAMILY, id) is None:
            rows = catalogue(snapshot, request.settings)
            histories = snapshot.histories("train").renamed(rows)
            settings = sized(request.settings, positions(histories), int(rows.max()) + 1)
            recorder.decided(request.settings, settings)
            kept = learn(
                dataclasses.replace(request, settings=settings),
                snapshot,
                rows,
                histories,
                champion,
                scratch,
                recorder,
                device,
                group,
            )
            if group.leads:
                with store.writing("candidate", "candidates", FAMILY, id) as draft:
                    _write(
                        draft,
                        kept,
                        rows,
                        histories,
                        request,
                        settings,
                        snapshot,
                        champion,
                        code,
                        recorder,
                    )
        group.wait()
        if group.leads:
            shutil.rmtree(scratch, ignore_errors=True)
        return recorder.finish(store.find("candidates", FAMILY, id), snapshot)
    except BaseException:
        recorder.failed()
        raise


def _champion(store: Store, request: FitRequest, snapshot: Snapshot) -> Candidate | None:
    """The champion, or the one it goes back to from before this day."""
    champion = find_champion(store, FAMILY, request.champion, request.track)
    return latest_before(store, champion.candidate, snapshot.day) if champion else None


def _write(
    draft: Draft,
    kept: TrainingState,
    rows: np.ndarray,
    histories: Histories,
    request: FitRequest,
    settings: Settings,
    snapshot: Snapshot,
    champion: Candidate | None,
    code: str,
    recorder: RunRecorder,
) -> None:
    """`settings`: with what the data decided; whether tomorrow's training is a refresh is told from
    the request's alone.
    """
    vectors, encoder = (
        export.candidates(kept.best, settings.unit_items),
        export.encoder(kept.best, settings),
    )
    item_ids = [snapshot.item_ids[row] for row in np.flatnonzero(rows >= 0)]
    similar = taste_space(vectors[:, :-1], histories)
    save_candidate(draft.path, item_ids, vectors, similar, encoder)
    warm_start.leave(draft.path, kept.best)
    recorder.save(
        draft.path,
        kept.best_epoch,
        {"validation_recall_50": kept.best_recall},
        kept.validation_seconds,
    )
    draft.counts = {"items": len(item_ids), "items_left_out": int((rows < 0).sum())}
    draft.facts = candidate_facts(FAMILY, snapshot, request.settings, code, vectors.shape[1])
    if champion:
        draft.facts["stability"] = stability(item_ids, vectors, similar, champion)
    draft.lineage = {
        "settings": dataclasses.asdict(settings),
        "seed": request.seed,
        "code": code,
        "run": recorder.run,
        "champion": champion and champion.artefact.id,
        "parents": [snapshot.uri, *([champion.artefact.uri] if champion else [])],
    }
