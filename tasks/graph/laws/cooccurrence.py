"""The arrays of the law `cooccurrence`."""

from __future__ import annotations

import numpy as np

from tasks.core.data.graph import Cooccurrence
from tasks.core.data.histories import Histories
from tasks.graph.alias import alias_slots, entrance_slots
from tasks.graph.laws.degree_penalised import build_degree_penalised
from tasks.graph.laws.lists import UserLists, entrance_weights


def build_cooccurrence(
    histories: Histories, items: int, entrance: str = "strength"
) -> Cooccurrence:
    """Build lists of different items, and each item's users by their number of other items.

    Where pairs count unequally, the tables are those of `degree-penalised` without a penalty.

    Args:
        histories: liked items of every user; what a user has more than once is one pair
            (`Histories.pairs`).
        items: rows of the item table.
        entrance: `strength` (weight Σ_u (n_u − 1) over the item's users, the law's stationary
            distribution) or `uniform` (over items that are not isolated).
    """
    own = histories.pairs()
    if own.weights is not None:
        return build_degree_penalised(own, items, 0.0, entrance)
    reached = UserLists.of(own, items)
    others = (own.lengths - 1)[reached.users]
    slots = alias_slots(reached.offsets, reached.users, others)
    strength = np.bincount(reached.items, weights=others, minlength=items)
    return Cooccurrence(
        reached.offsets,
        slots,
        entrance_slots(entrance_weights(strength, entrance)),
        own.offsets,
        own.items,
    )
