"""Alias tables (Walker 1977), built as in Vose 1991."""

from __future__ import annotations

import numba
import numpy as np

from tasks.core.cli.errors import RefusedData

FULL_SLOT = 2.0**32


def alias_slots(offsets: np.ndarray, choices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The table of each group, one after the other.

    Args:
        offsets: int64 (groups + 1).
        choices: whole numbers below 2³² (n), grouped.
        weights: (n), above 0 and finite; whole numbers below 2⁵³ / n are not rounded.

    Returns:
        uint32 (n, 3): a draw takes a slot of its group uniformly, then `slot[1]` if a uniform
            32-bit number is below `slot[0]`, else `slot[2]`.

    Raises:
        RefusedData: a weight of zero, below zero, NaN or infinite.
    """
    weights = np.ascontiguousarray(weights, np.float64)
    if len(bad := np.flatnonzero(~(weights > 0) | np.isinf(weights))):
        raise RefusedData(
            f"weights of {len(bad)} of {len(weights)} choices cannot be drawn by",
            got=f"{weights[bad[0]]} for choice {choices[bad[0]]}",
            allowed="finite numbers above 0",
            remedy="leave out what weighs nothing; look for a division by zero where the "
            "others come from",
        )
    return _tables(
        np.ascontiguousarray(offsets, np.int64), np.ascontiguousarray(choices, np.uint32), weights
    )


def entrance_slots(weights: np.ndarray) -> np.ndarray:
    """The table of where walks begin, by a weight an item; one of weight 0 is not entered."""
    items = np.flatnonzero(weights)
    return alias_slots(np.array([0, len(items)]), items, np.asarray(weights)[items])


@numba.njit(cache=True)
def _tables(offsets, choices, weights):
    slots = np.empty((len(choices), 3), np.uint32)
    for group in range(len(offsets) - 1):
        start, n = offsets[group], offsets[group + 1] - offsets[group]
        total = 0.0
        for k in range(start, start + n):
            total += weights[k]
        left = np.empty(n, np.float64)  # n · weight; a slot holds `total`
        small, large = np.empty(n, np.int64), np.empty(n, np.int64)
        smalls = larges = 0
        for k in range(n):
            left[k] = n * weights[start + k]
            if left[k] < total:
                small[smalls] = k
                smalls += 1
            else:
                large[larges] = k
                larges += 1
        while smalls and larges:
            smalls -= 1
            k, rich = small[smalls], large[larges - 1]
            slots[start + k, 0] = np.uint32(min(left[k] / total * FULL_SLOT, FULL_SLOT - 1))
            slots[start + k, 1], slots[start + k, 2] = choices[start + k], choices[start + rich]
            left[rich] -= total - left[k]
            if left[rich] < total:
                larges -= 1
                small[smalls] = rich
                smalls += 1
        for rest, many in (
            (large, larges),
            (small, smalls),
        ):  # full slots, and what rounding has left a hair below full
            for k in rest[:many]:
                slots[start + k, 0], slots[start + k, 1], slots[start + k, 2] = (
                    np.uint32(FULL_SLOT - 1),
                    choices[start + k],
                    choices[start + k],
                )
    return slots
