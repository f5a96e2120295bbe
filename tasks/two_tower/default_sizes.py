"""What nobody has set of a training, by the rows there are; each logged with its reason."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.log import log
from tasks.two_tower.settings import Settings
from tasks.two_tower.training_data import World

TRAINED = 3_000_000  # examples in all
MOST, LEAST = 10, 3  # epochs


def sized(settings: Settings, world: World) -> Settings:
    """The settings with the epochs filled in, three million examples over those of an epoch, and
    the features that `world` reads of users where these are not all (see `world.user_features`)."""
    made: dict[str, object] = {}
    if settings.epochs is None:
        made["epochs"] = min(MOST, max(LEAST, -(-TRAINED // max(world.examples.total, 1))))
        log(
            "two_tower.decided",
            because=f"{world.examples.total:,} examples an epoch, and nothing is set",
            **made,
        )
    if settings.user_features is None and not world.user_features.with_id:
        made["user_features"] = tuple(one.name for one in world.user_features.features)
    return dataclasses.replace(settings, **made)
