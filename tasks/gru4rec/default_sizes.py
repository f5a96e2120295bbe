"""Sizes of a training that nobody has set, by the rows and items there are; each logged with its
reason.
"""

from __future__ import annotations

import dataclasses

from tasks.core.cli.log import log
from tasks.gru4rec.settings import Settings

FEW = 200_000  # positions, as in MovieLens 100K: they are learned by heart but for strong dropout
WIDE_FROM, WIDE_TO = (
    1_000_000,
    5_000_000,
)  # positions: 256 units learn more from so many; beyond, a night trains them less than twice
MANY_ITEMS = 20_000  # of which 512 negatives are a few in a hundred
SCORES = 10**9  # of an epoch: ten seconds of products
TRAINED = 5_000_000  # positions in all
MOST, LEAST = 15, 4  # epochs


def sized(settings: Settings, positions: int, items: int) -> Settings:
    """The settings with every size filled in.

    | size                          | where none is set
                                          |
    |-------------------------------|----------------------------------------------------------------------|
    | hidden                        | 256 between one and five million positions, else 128
                                          |
    | full_softmax_items            | 5,000, or as many as make 10^9 scores an epoch
                                          |
    | negatives                     | 2,048 of more than 20,000 items, else 512
                                          |
    | input_dropout, output_dropout | .4 below 200,000 positions, .2 of more than 20,000 items, else
    .3    | | epochs                        | five million positions over those of an epoch, from 4
          to 15          |

    On nowplaying's sessions (660,000 positions, 60,416 items) 2,048 negatives and a dropout of .2
    have validation recall@50 .323 after four of eight epochs, 512 and .4 have .250, and .278 in the
    end. On ml-latest-small (9,742 items, 42,000 positions) the whole catalogue at each position has
    .333, 512 negatives have .25.

    Args:
        positions: of an epoch.
        items: of the catalogue.
    """
    many = items > MANY_ITEMS
    dropout = 0.4 if positions < FEW else 0.2 if many else 0.3
    sizes = {
        "hidden": 256 if WIDE_FROM <= positions < WIDE_TO else 128,
        "full_softmax_items": max(5000, SCORES // max(positions, 1)),
        "negatives": 2048 if many else 512,
        "input_dropout": dropout,
        "output_dropout": dropout,
        "epochs": min(MOST, max(LEAST, -(-TRAINED // max(positions, 1)))),
    }
    made = {name: value for name, value in sizes.items() if getattr(settings, name) is None}
    if made:
        log(
            "gru4rec.decided",
            because=f"{positions:,} positions of {items:,} items, and nothing is set",
            **made,
        )
    return dataclasses.replace(settings, **made)
