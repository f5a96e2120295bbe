"""From a snapshot to a trained network: what is learned, from what it begins, by what it is
validated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.validation import Searched, Validation
from tasks.core.models.vocabulary import vocabulary
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.registry.training_progress import RECALL
from tasks.core.retrieval.candidate import Candidate
from tasks.core.torch import loop
from tasks.core.torch.checkpoint import TrainingState
from tasks.core.torch.hardware import check_memory
from tasks.core.torch.process_group import ProcessGroup
from tasks.gru4rec import export, warm_start
from tasks.gru4rec.batches import positions
from tasks.gru4rec.default_sizes import SizedSettings, decide_sizes
from tasks.gru4rec.memory_estimate import REMEDY, estimate_bytes
from tasks.gru4rec.settings import FitRequest
from tasks.gru4rec.trainer import Trainer, network_shape


@dataclasses.dataclass(frozen=True)
class Learned:
    """A trained network and what it learned from.

    Attributes:
        rows: int32 (items of the snapshot), the model's row of each, −1 for one it does not know.
        settings: with what the data decided.
    """

    state: TrainingState
    rows: np.ndarray
    settings: SizedSettings


def learn(
    request: FitRequest,
    snapshot: Snapshot,
    champion: Candidate | None,
    scratch: Path,
    recorder: RunRecorder,
    device: torch.device,
    group: ProcessGroup,
) -> Learned:
    """Train until the last epoch, or until validation has not improved for `patience` of them.

    Raises:
        RefusedData: nothing to learn from, or nobody to validate with.
        BadRequest: more memory is needed than is free; the loss is no longer a number.
    """
    known = vocabulary(
        snapshot.histories("train").users_of(len(snapshot.item_ids)), request.settings.minimum_count
    )
    rows = np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)
    histories = snapshot.histories("train").remap_items(rows)
    settings = decide_sizes(request.settings, positions(histories), int(rows.max()) + 1)
    recorder.decided(request.settings, settings)
    trainer = _trainer(request, settings, snapshot, histories, int(rows.max()) + 1, device, group)
    item_ids = [snapshot.item_ids[row] for row in np.flatnonzero(known)]
    if settings.warm_start and warm_start.load_previous_weights(
        trainer.model, champion, snapshot, item_ids
    ):
        trainer.go_on()
    state = loop.train_epochs(
        "gru4rec",
        trainer,
        _validate(settings, snapshot, rows),
        recorder,
        scratch,
        settings.patience,
        settings.threads,
        group,
        settings.budget_minutes,
    )
    return Learned(state, rows, settings)


def _trainer(
    request: FitRequest,
    settings: SizedSettings,
    snapshot: Snapshot,
    histories: Histories,
    items: int,
    device: torch.device,
    group: ProcessGroup,
) -> Trainer:
    if positions(histories) == 0:
        raise RefusedData(
            f"no user of {snapshot.uri} liked two items of the catalogue",
            got=f"{len(histories)} users",
            allowed="sequences of two or more",
            remedy="ingest more data, or lower settings.minimum_count",
        )
    counts = np.bincount(histories.items, minlength=items)
    needed = estimate_bytes(settings, network_shape(settings, items), len(histories.items))
    check_memory("gru4rec", needed, device, REMEDY)
    trainer = Trainer(settings, histories, counts, request.seed, device, group)
    log(
        "gru4rec.begin",
        items=items,
        users=len(histories),
        positions=trainer.total,
        loss=type(trainer.loss).__name__,
        device=device,
    )
    return trainer


def _validate(
    settings: SizedSettings, snapshot: Snapshot, rows: np.ndarray
) -> Callable[[dict[str, Tensor]], dict[str, float]]:
    validation = Validation(snapshot.queries("validation"), len(rows), settings.validation_users)

    def validate(weights: dict[str, Tensor]) -> dict[str, float]:
        vectors = export.candidates(weights, settings.unit_items)
        model = Searched(export.encoder(weights, settings), vectors, rows)
        return {RECALL: validation.recall(model)}

    return validate
