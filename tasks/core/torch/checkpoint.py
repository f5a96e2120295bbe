"""The checkpoint of a training, one file of tensors and JSON: replaced whole after each epoch, read
without pickle.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from tasks.core.cli.log import log

NAME = "last.safetensors"


@dataclasses.dataclass
class TrainingState:
    """The state of a training after an epoch. It holds no random state: each epoch draws from a
    stream of its own, named by seed and epoch.

    Attributes:
        epoch: epochs done.
        figures: metrics of each epoch done, in order.
        best_epoch, best_recall: the kept one; 0 and −1 before the first.
        weights, best: state dictionaries of the model, now and at the best epoch.
        steps, moments: of AdamW.
    """

    epoch: int = 0
    steps: int = 0
    figures: list[dict[str, float]] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    best_recall: float = -1.0
    weights: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    best: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    moments: dict[str, Tensor] = dataclasses.field(default_factory=dict)

    @property
    def validation_seconds(self) -> float:
        """Of all epochs."""
        return sum(one.get("validation_seconds", 0.0) for one in self.figures)

    GROUPS = ("weights", "best", "moments")
    NUMBERS = ("epoch", "steps", "figures", "best_epoch", "best_recall")


def save(folder: Path, standing: TrainingState) -> None:
    """Replace the checkpoint in `folder` in one step: whoever is killed here leaves the one
    before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    making = folder / f".{NAME}.{os.getpid()}"
    tensors = {
        f"{group}:{name}": tensor.detach().cpu().contiguous().clone()
        for group in TrainingState.GROUPS
        for name, tensor in getattr(standing, group).items()
    }
    numbers = {name: getattr(standing, name) for name in TrainingState.NUMBERS}
    save_file(tensors, making, {"standing": json.dumps(numbers)})
    with making.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(making, folder / NAME)


def load(folder: Path) -> TrainingState | None:
    """The checkpoint in `folder`; None where there is none, or a damaged one: then the training
    starts again.
    """
    if not (folder / NAME).is_file():
        return None
    try:
        with safe_open(folder / NAME, "pt") as file:
            standing = TrainingState(**json.loads(file.metadata()["standing"]))
            for key in file.keys():  # noqa: SIM118 — no mapping, and not iterable
                group, name = key.split(":", 1)
                getattr(standing, group)[name] = file.get_tensor(key)
        return standing
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        log("training.checkpoint_unreadable", place=folder / NAME, error=error)
        return None
