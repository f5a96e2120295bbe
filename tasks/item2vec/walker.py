"""Random walks over the user-item lists: exact, in parallel, and the same for a seed whatever the number of threads.

DeepWalk (Perozzi et al. 2014) on the graph of `tasks.core.graph`. Each walk draws from a stream of its own: number c of walk w is
splitmix64 (Steele et al. 2014) at a place fixed by (seed, w, c), so it does not matter who computes it, or when. Walks of a block
advance together, one kind of look-up at a time: their cache misses overlap instead of waiting for each other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from tasks.core.errors import RefusedData
from tasks.core.graph import Lists

BLOCK = 64
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
HIGH, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def walk(lists: Lists, first: int, count: int, length: int, seed: int, threads: int = 1) -> np.ndarray:
    """Walks number `first` to `first + count − 1`.

    Args:
        lists: the graph; isolated items are never met.
        length: items in a walk, at least 1.
        seed: names the whole endless list of walks of this length.
        threads: how many compute; the result does not depend on it.

    Returns:
        int32 (count, length): item rows.

    Raises:
        RefusedData: the graph has no edge.
    """
    if not lists.edges:
        raise RefusedData("the graph has no edge, so no walk can be drawn", remedy="build it from users with two items or more")
    walks = np.empty((count, length), np.int32)
    key, bounds = key_of(seed), np.linspace(0, count, threads + 1).astype(np.int64)
    with ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(_walk, np.asarray(lists.user_offsets), np.asarray(lists.user_items), np.asarray(lists.item_offsets),
                             np.asarray(lists.slots), np.asarray(lists.entrance), key, np.uint64(first + begin), walks[begin:end])
                 for begin, end in zip(bounds[:-1], bounds[1:])]
        for part in parts:
            part.result()
    return walks


def key_of(seed: int) -> np.uint64:
    """The place of a seed's numbers in the generator's sequence."""
    with np.errstate(over="ignore"):
        return np.uint64(_mix(np.uint64(seed) + GOLDEN))


@numba.njit(inline="always", cache=True)
def _mix(x):
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@numba.njit(inline="always", cache=True)
def _below(bits, n):
    """A number below n from 32 random bits (n < 2³²; unequal by at most n / 2³²)."""
    return np.int64(((bits & LOW) * np.uint64(n)) >> HIGH)


@numba.njit(nogil=True, cache=True)
def _walk(user_offsets, user_items, item_offsets, slots, entrance, key, first, walks):
    count, length = walks.shape
    here, user, slot = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    bits, counter = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint64)
    for start in range(0, count, BLOCK):
        width = min(BLOCK, count - start)
        for b in range(width):
            counter[b] = key + (first + np.uint64(start + b)) * np.uint64(2 * length) * GOLDEN
            entered = np.int64(np.float64(_mix(counter[b]) >> np.uint64(11)) * 2.0**-53 * entrance[-1])
            here[b] = np.searchsorted(entrance, entered, side="right")
            walks[start + b, 0] = here[b]
        for step in range(1, length):
            for b in range(width):
                counter[b] += GOLDEN
                bits[b] = _mix(counter[b])
                begin = item_offsets[here[b]]
                slot[b] = begin + _below(bits[b] >> HIGH, item_offsets[here[b] + 1] - begin)
            for b in range(width):
                keeps = (bits[b] & LOW) < slots[slot[b], 0]
                user[b] = slots[slot[b], 1] if keeps else slots[slot[b], 2]
            for b in range(width):
                counter[b] += GOLDEN
                begin, others = user_offsets[user[b]], user_offsets[user[b] + 1] - user_offsets[user[b]] - 1
                slot[b] = begin + others  # the user's last item stands in for the one the walk is at
                user[b] = begin + _below(_mix(counter[b]), others)
            for b in range(width):
                found = user_items[user[b]]
                here[b] = found if found != here[b] else user_items[slot[b]]
                walks[start + b, step] = here[b]
