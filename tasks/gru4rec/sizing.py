"""Sizes of a training that nobody has set, by the rows and items there are; each logged with its reason."""

from __future__ import annotations

import dataclasses

from tasks.core.log import log
from tasks.gru4rec.settings import Settings

WIDE_FROM, WIDE_TO = 1_000_000, 5_000_000  # positions: 256 units learn more from so many; beyond, a night trains them less than twice
MANY_ITEMS = 20_000                        # of which 512 negatives, drawn anew for each batch, are a few in a hundred
TRAINED = 5_000_000                        # positions in all, after which another epoch adds less than the day's new rows
MOST, LEAST = 15, 4                        # epochs


def sized(settings: Settings, positions: int, items: int) -> Settings:
    """The settings with every size filled in.

    | size      | where none is set                                                                                   |
    |-----------|-----------------------------------------------------------------------------------------------------|
    | hidden    | 256 between one and five million positions, else 128                                                |
    | negatives | 512                                                                                                 |
    | epochs    | five million positions over those of an epoch, from 4 to 15                                         |

    Args:
        positions: of an epoch.
        items: of the catalogue.
    """
    made = {"hidden": 256 if WIDE_FROM <= positions < WIDE_TO else 128, "negatives": 512,
            "epochs": min(MOST, max(LEAST, -(-TRAINED // max(positions, 1))))}
    made = {name: value for name, value in made.items() if getattr(settings, name) is None}
    if made:
        log("gru4rec.decided", because=f"{positions:,} positions of {items:,} items, and nothing is set", **made)
    return dataclasses.replace(settings, **made)
