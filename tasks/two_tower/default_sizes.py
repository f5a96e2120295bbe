"""Sizes of a training that are not set, decided by the data and logged with the reason."""

from __future__ import annotations

import dataclasses
from typing import Any

from tasks.core.cli.log import log
from tasks.two_tower.settings import Settings
from tasks.two_tower.training_data import TrainingData

TRAINED_EXAMPLES = 3_000_000  # in all epochs
MAX_EPOCHS, MIN_EPOCHS = 10, 3


@dataclasses.dataclass(frozen=True)
class SizedSettings(Settings):
    """Settings whose every size is known."""

    epochs: int = MIN_EPOCHS


def decide_sizes(settings: Settings, world: TrainingData) -> SizedSettings:
    """The settings with the epochs filled in, three million examples over those of an epoch, and
    the features that are read of users where these are not all (see `World.user_features`).
    """
    decided: dict[str, Any] = {}
    if settings.epochs is None:
        total = max(world.examples.total, 1)
        decided["epochs"] = min(MAX_EPOCHS, max(MIN_EPOCHS, -(-TRAINED_EXAMPLES // total)))
        log(
            "two_tower.decided",
            because=f"{world.examples.total:,} examples an epoch, and nothing is set",
            **decided,
        )
    if settings.user_features is None and not world.user_features.with_id:
        decided["user_features"] = tuple(one.name for one in world.user_features.features)
    return SizedSettings(**{**vars(settings), **decided})
