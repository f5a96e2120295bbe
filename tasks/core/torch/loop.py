"""Epochs until validation no longer improves: the best one is kept, and a killed training goes on
from its last.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from tasks.core.cli.log import Progress, log
from tasks.core.models.training_budget import epochs_within
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.registry.training_progress import RECALL, TrainingProgress
from tasks.core.torch import checkpoint
from tasks.core.torch.adamw import AdamW
from tasks.core.torch.checkpoint import TrainingState
from tasks.core.torch.hardware import peak_gb
from tasks.core.torch.process_group import ProcessGroup
from tasks.core.torch.row_adamw import RowAdamW


class Trainer(Protocol):
    """One model in training.

    Attributes:
        total: units of work in an epoch.
        unit: what they are called.
        epochs: passes at most.
    """

    total: int
    unit: str
    epochs: int
    device: torch.device
    model: torch.nn.Module

    @property
    def optimiser(self) -> AdamW | RowAdamW: ...

    def epoch(self, number: int, progress: Progress) -> dict[str, float]:
        """Train one pass (1, 2, …), adding each unit to `progress`; returns its figures. It draws
        from `epoch_seed(seed, number)` only.
        """


def epoch_seed(seed: int, epoch: int, process: int = 0) -> int:
    """A seed for torch that differs for every epoch of every seed, and for every process that
    trains beside the leader; epoch 0 is before the first."""
    return int(
        np.random.SeedSequence([seed, epoch, *([process] if process else [])]).generate_state(
            1, np.uint64
        )[0]
    )


def train_epochs(
    family: str,
    trainer: Trainer,
    validate: Callable[[dict[str, Tensor]], dict[str, float]],
    recorder: RunRecorder,
    scratch: Path,
    patience: int,
    threads: int,
    group: ProcessGroup | None = None,
    budget_minutes: float = math.inf,
) -> TrainingState:
    """Train until the last epoch, or until validation has not improved for `patience` of them, or
    until the budget is spent.

    Args:
        validate: from the model's tensors to figures, `validation_recall_50` among them, by which
            the best epoch is chosen.
        scratch: the folder of the checkpoint, written after every epoch.
        threads: for numpy, whose own would spin against those of other trainings.
        group: the processes that train together; its leader validates, records and writes.
        budget_minutes: that all epochs may take together, those before a resumption included.
    """
    group = group or ProcessGroup()
    state = _resume(family, trainer, scratch, recorder)
    trainer.epochs = epochs_within(budget_minutes, trainer.epochs, state.figures, family)
    progress = _progress(trainer, state, recorder, patience, group)
    while state.epoch < trainer.epochs and state.epoch - state.best_epoch < patience:
        number = state.epoch + 1
        progress.begin(number)
        figures = trainer.epoch(number, progress)
        weights = _weights(trainer)
        if group.leads:
            progress.validate()
            figures |= _validate(validate, weights, threads)
        recall = group.broadcast(figures.get(RECALL, 0.0), trainer.device)
        figures |= {RECALL: recall, "peak_gb": peak_gb(trainer.device)}
        _advance(state, trainer, number, figures, weights)
        left = epochs_within(budget_minutes, trainer.epochs, state.figures, family)
        trainer.epochs = int(group.broadcast(left, trainer.device))
        if group.leads:
            recorder.epoch(number, figures)
            checkpoint.save(scratch, state)
        progress.end(trainer.epochs)
    return state


def _progress(
    trainer: Trainer,
    state: TrainingState,
    recorder: RunRecorder,
    patience: int,
    group: ProcessGroup,
) -> TrainingProgress:
    return TrainingProgress(
        "epoch",
        trainer.epochs,
        trainer.total,
        trainer.unit,
        recorder,
        patience,
        state.epoch,
        group.leads,
    )


def _weights(trainer: Trainer) -> dict[str, Tensor]:
    """A copy of the weights, which the next epoch does not change."""
    return {name: tensor.detach().clone() for name, tensor in trainer.model.state_dict().items()}


def _validate(
    validate: Callable[[dict[str, Tensor]], dict[str, float]],
    weights: dict[str, Tensor],
    threads: int,
) -> dict[str, float]:
    begun = time.monotonic()
    with threadpool_limits(threads):
        figures = validate(weights)
    return {**figures, "validation_seconds": time.monotonic() - begun}


def _advance(
    state: TrainingState,
    trainer: Trainer,
    number: int,
    figures: dict[str, float],
    weights: dict[str, Tensor],
) -> None:
    """Note an epoch in the state, and its weights as the best where they are."""
    if figures[RECALL] >= state.best_recall:  # the latest among equals
        state.best_epoch, state.best_recall, state.best = number, figures[RECALL], weights
    state.epoch, state.weights = number, weights
    state.steps, state.moments = trainer.optimiser.steps, trainer.optimiser.moments
    state.figures.append(figures)


def _resume(family: str, trainer: Trainer, scratch: Path, recorder: RunRecorder) -> TrainingState:
    state = checkpoint.load(scratch)
    if state is None:
        return TrainingState()
    trainer.model.load_state_dict(state.weights)
    trainer.optimiser.restore(state.steps, state.moments)
    log(f"{family}.resumed", epoch=state.epoch)
    for number, figures in enumerate(state.figures, 1):
        recorder.epoch(number, figures)
    return state
