"""From a snapshot to a trained network: what is learned, from what it begins, by what it is
validated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.retrieval.candidate import Candidate
from tasks.core.torch import loop
from tasks.core.torch.checkpoint import TrainingState
from tasks.core.torch.hardware import check_memory
from tasks.core.torch.process_group import ProcessGroup
from tasks.core.torch.validation import Validation
from tasks.gru4rec import export, warm_start
from tasks.gru4rec.batches import positions
from tasks.gru4rec.memory_estimate import REMEDY, estimate
from tasks.gru4rec.settings import FitRequest, Settings
from tasks.gru4rec.trainer import Trainer, shape


def catalogue(snapshot: Snapshot, settings: Settings) -> np.ndarray:
    """int32 (items of the snapshot): the model's row of each item, −1 for those liked too rarely to
    be learned.

    Raises:
        RefusedData: fewer than two are left, so that there is nothing to tell apart.
    """
    counts = snapshot.histories("train").users_of(len(snapshot.item_ids))
    known = counts >= settings.minimum_count
    if known.sum() < 2:
        raise RefusedData(
            f"{int(known.sum())} items are liked by {settings.minimum_count} users or more in "
            f"{snapshot.uri}",
            allowed="at least two",
            got=f"at most {int(counts.max(initial=0))} users an item",
            remedy=(
                "lower settings.minimum_count"
                if settings.minimum_count > 1
                else "hold out fewer rows of each user (split)"
            )
            + ", or ingest more data",
        )
    return np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)


def learn(
    request: FitRequest,
    snapshot: Snapshot,
    rows: np.ndarray,
    histories: Histories,
    champion: Candidate | None,
    scratch: Path,
    recorder: RunRecorder,
    device: torch.device,
    group: ProcessGroup,
) -> TrainingState:
    """Epochs until the last, or until validation has not improved for `patience` of them.

    Args:
        rows: int32 (items of the snapshot), as `catalogue` gives them.
        histories: what users liked in the training part, as those rows.

    Raises:
        RefusedData: nothing to learn from, or nobody to validate with.
        BadRequest: more memory is needed than is free; the loss is no longer a number.
    """
    settings = request.settings
    if positions(histories) == 0:
        raise RefusedData(
            f"no user of {snapshot.uri} liked two items of the catalogue",
            got=f"{len(histories)} users",
            allowed="sequences of two or more",
            remedy="ingest more data, or lower settings.minimum_count",
        )
    counts = np.bincount(histories.items, minlength=rows.max() + 1)
    check_memory(
        "gru4rec",
        estimate(settings, shape(settings, len(counts)), len(histories.items)),
        device,
        REMEDY,
    )
    trainer = Trainer(settings, histories, counts, request.seed, device, group)
    validation = Validation(snapshot.queries("validation"), rows, settings.validation_users)
    item_ids = [snapshot.item_ids[row] for row in np.flatnonzero(rows >= 0)]
    if settings.warm_start and warm_start.begin(trainer.model, champion, snapshot, item_ids):
        trainer.go_on()
    log(
        "gru4rec.begin",
        items=len(counts),
        users=len(histories),
        positions=trainer.total,
        loss=type(trainer.loss).__name__,
        device=device,
    )

    def validate(weights: dict[str, Tensor]) -> dict[str, float]:
        return {
            loop.RECALL: validation.recall(
                export.encoder(weights, settings), export.candidates(weights, settings.unit_items)
            )
        }

    return loop.train_epochs(
        "gru4rec",
        trainer,
        validate,
        recorder,
        scratch,
        settings.patience,
        settings.threads,
        group,
        settings.budget_minutes,
    )
