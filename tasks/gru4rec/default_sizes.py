"""Sizes of a training that are not set, decided by the data and logged with the reason."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.log import log
from tasks.gru4rec.settings import Settings

# As in MovieLens 100K: so few positions are learned by heart but for strong dropout.
FEW_POSITIONS = 200_000
# 256 units learn more from so many positions; beyond, a night trains them less than twice.
WIDE_FROM, WIDE_TO = 1_000_000, 5_000_000
MANY_ITEMS = 20_000  # of which 512 negatives are a few in a hundred
EPOCH_SCORES = 10**9  # ten seconds of products
TRAINED_POSITIONS = 5_000_000  # in all epochs
MAX_EPOCHS, MIN_EPOCHS = 15, 4


@dataclasses.dataclass(frozen=True)
class SizedSettings(Settings):
    """Settings whose every size is known."""

    hidden: int = 128
    full_softmax_items: int = 5000
    negatives: int = 512
    input_dropout: float = 0.3
    output_dropout: float = 0.3
    epochs: int = MIN_EPOCHS


def decide_sizes(settings: Settings, positions: int, items: int) -> SizedSettings:
    """The settings with every size filled in.

    - `hidden`: 256 between one and five million positions, else 128.
    - `full_softmax_items`: 5,000, or as many as make 10⁹ scores an epoch.
    - `negatives`: 2,048 of more than 20,000 items, else 512.
    - `input_dropout`, `output_dropout`: .4 below 200,000 positions, .2 of more than 20,000 items,
      else .3.
    - `epochs`: five million positions over those of an epoch, from 4 to 15.

    On nowplaying's sessions (660,000 positions, 60,416 items) 2,048 negatives and a dropout of .2
    have validation recall@50 .323 after four of eight epochs, 512 and .4 have .250, and .278 in the
    end. On ml-latest-small (9,742 items, 42,000 positions) the whole catalogue at each position has
    .333, 512 negatives have .25.

    Args:
        positions: of an epoch.
        items: of the catalogue.
    """
    sizes = _sizes(positions, items)
    decided = {name: value for name, value in sizes.items() if getattr(settings, name) is None}
    if decided:
        log(
            "gru4rec.decided",
            because=f"{positions:,} positions of {items:,} items, and nothing is set",
            **decided,
        )
    return SizedSettings(**{**vars(settings), **decided})


def _sizes(positions: int, items: int) -> dict[str, int | float]:
    many = items > MANY_ITEMS
    dropout = 0.4 if positions < FEW_POSITIONS else 0.2 if many else 0.3
    return {
        "hidden": 256 if WIDE_FROM <= positions < WIDE_TO else 128,
        "full_softmax_items": max(5000, EPOCH_SCORES // max(positions, 1)),
        "negatives": 2048 if many else 512,
        "input_dropout": dropout,
        "output_dropout": dropout,
        "epochs": min(MAX_EPOCHS, max(MIN_EPOCHS, -(-TRAINED_POSITIONS // max(positions, 1)))),
    }
