"""The arrays of the law `cooccurrence`."""

from __future__ import annotations

import numpy as np

from tasks.core.graph import Cooccurrence
from tasks.core.histories import Histories
from tasks.graph.alias import alias_slots, entrance_slots
from tasks.graph.laws.lists import Reached, distinct, entrance_weights


def build_cooccurrence(histories: Histories, items: int, entrance: str = "strength") -> Cooccurrence:
    """Lists of different items, and each item's users by how many others they lead to.

    Args:
        histories: liked items of every user; an item that a user has more than once counts once, at its first place.
        items: rows of the item table.
        entrance: `strength` (weight Σ_u (n_u − 1) over the item's users, the law's stationary distribution) or `uniform` (over items
            that are not isolated).
    """
    own = distinct(histories)
    reached = Reached.of(own, items)
    others = (own.lengths - 1)[reached.users]
    slots = alias_slots(reached.offsets, reached.users, others)
    strength = np.bincount(reached.items, weights=others, minlength=items)
    return Cooccurrence(reached.offsets, slots, entrance_slots(entrance_weights(strength, entrance)), own.offsets, own.items)
