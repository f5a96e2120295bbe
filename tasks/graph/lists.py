"""From histories to the arrays of a graph."""

from __future__ import annotations

import numba
import numpy as np

from tasks.core.graph import Lists
from tasks.core.histories import Histories

FULL = np.float64(2**32)


def build_lists(histories: Histories, items: int, entrance: str = "strength") -> Lists:
    """The arrays of `tasks.core.graph` for the `cooccurrence` law.

    An item that a user has more than once counts once, at its first place. A user with one item is kept in the lists and leads
    nowhere; an item that only such users have is isolated: no walk enters or meets it.

    Args:
        histories: liked items of every user.
        items: rows of the item table.
        entrance: `strength` (weight Σ_u (n_u − 1) over the item's users) or `uniform` (over items that are not isolated).
    """
    own = distinct(histories)
    leads = np.repeat(own.lengths >= 2, own.lengths)
    users, reached = own.users()[leads], own.items[leads]
    order = np.argsort(reached, kind="stable")
    item_offsets = np.zeros(items + 1, np.int64)
    np.cumsum(np.bincount(reached, minlength=items), out=item_offsets[1:])
    slots = alias_slots(item_offsets, users[order].astype(np.uint32), own.lengths - 1)
    strength = np.bincount(reached, weights=(own.lengths - 1)[users], minlength=items).astype(np.int64)
    weights = strength if entrance == "strength" else (strength > 0).astype(np.int64)
    return Lists(own.offsets, own.items, item_offsets, slots, np.cumsum(weights))


def distinct(histories: Histories) -> Histories:
    """Every user's items without repetition, each at its first place."""
    users = histories.users()
    order = np.lexsort((np.arange(len(users)), histories.items, users))
    repeats = (users[order][1:] == users[order][:-1]) & (histories.items[order][1:] == histories.items[order][:-1])
    keep = np.ones(len(users), bool)
    keep[order[1:][repeats]] = False
    return histories.where(keep)


@numba.njit(cache=True)
def alias_slots(offsets, users, weights):
    """Alias tables (Walker 1977, built as in Vose 1991, in whole numbers so that no weight is lost to rounding).

    Args:
        offsets: int64 (items + 1).
        users: uint32 (edges), grouped by item.
        weights: int64 (all users), > 0 for each of `users`.

    Returns:
        uint32 (edges, 3): a draw takes a slot of its item uniformly, then `slot[1]` if a uniform 32-bit number is below `slot[0]`, else `slot[2]`.
    """
    slots = np.empty((len(users), 3), np.uint32)
    for item in range(len(offsets) - 1):
        start, n = offsets[item], offsets[item + 1] - offsets[item]
        total = np.int64(0)
        for k in range(n):
            total += weights[users[start + k]]
        left = np.empty(n, np.int64)  # n · weight; a slot holds `total`
        small, large = np.empty(n, np.int64), np.empty(n, np.int64)
        smalls = larges = 0
        for k in range(n):
            left[k] = n * weights[users[start + k]]
            if left[k] < total:
                small[smalls] = k
                smalls += 1
            else:
                large[larges] = k
                larges += 1
        while smalls and larges:
            smalls -= 1
            k, rich = small[smalls], large[larges - 1]
            slots[start + k, 0] = np.uint32(min(left[k] / total * FULL, FULL - 1))
            slots[start + k, 1], slots[start + k, 2] = users[start + k], users[start + rich]
            left[rich] -= total - left[k]
            if left[rich] < total:
                larges -= 1
                small[smalls] = rich
                smalls += 1
        for k in large[:larges]:
            slots[start + k, 0], slots[start + k, 1], slots[start + k, 2] = np.uint32(FULL - 1), users[start + k], users[start + k]
    return slots
