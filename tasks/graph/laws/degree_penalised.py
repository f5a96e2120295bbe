"""The arrays of the law `degree-penalised`."""

from __future__ import annotations

import numba
import numpy as np

from tasks.core.data.graph import DegreePenalised
from tasks.core.data.histories import Histories
from tasks.graph.alias import alias_slots, entrance_slots
from tasks.graph.laws.lists import UserLists, entrance_weights


def build_degree_penalised(
    histories: Histories, items: int, penalty: float, entrance: str = "strength"
) -> DegreePenalised:
    """Lists of different items, each item's users by what their other items weigh, and each user's
    items by weight.

    Args:
        histories, items: as for `cooccurrence`.
        penalty: β; 0 is the law `cooccurrence`.
        entrance: `strength` (weight p(i)^−β · Σ_j w(i, j) · p(j)^−β, the law's stationary
            distribution) or `uniform`.
    """
    own = histories.pairs()
    liked = own.popularity(items)
    weights = np.where(liked > 0, liked, 1.0) ** -penalty
    rows = weights[own.items] if own.weights is None else weights[own.items] * own.weights
    reached = UserLists.of(own, items)
    others = _others(own.offsets, rows)[reached.rows]
    others = others if own.weights is None else others * own.weights[reached.rows]
    strength = weights * np.bincount(reached.items, weights=others, minlength=items)
    return DegreePenalised(
        reached.offsets,
        alias_slots(reached.offsets, reached.users, others),
        entrance_slots(entrance_weights(strength, entrance)),
        own.offsets,
        own.items,
        alias_slots(own.offsets, own.items, rows),
        rows,
    )


@numba.njit(cache=True)
def _others(offsets, weights):
    """float64 (rows): what the other rows of the group weigh, added up from both sides: a
    difference would lose what is small beside a large one.
    """
    others = np.empty_like(weights)
    for group in range(len(offsets) - 1):
        before = 0.0
        for row in range(offsets[group], offsets[group + 1]):
            others[row] = before
            before += weights[row]
        after = 0.0
        for row in range(offsets[group + 1] - 1, offsets[group] - 1, -1):
            others[row] += after
            after += weights[row]
    return others
