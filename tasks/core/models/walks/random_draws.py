"""Random numbers that do not depend on who draws them, and draws from alias tables.

Each walk draws from a stream of its own: number c of walk w is splitmix64 (Steele et al. 2014) at a
place fixed by (seed, length, w, c), so it does not matter which thread, process or machine computes
it, or when.
"""

from __future__ import annotations

import numba
import numpy as np

BLOCK_WALKS = 128  # walks that advance together
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
SECOND_DRAW = np.uint64(0xD6E8FEB86659FD93)
HIGH, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def key_of(seed: int) -> np.uint64:
    """The place of a seed's numbers in the generator's sequence."""
    with np.errstate(over="ignore"):
        return np.uint64(mix(np.uint64(seed) + GOLDEN))


@numba.njit(inline="always", cache=True)
def mix(x: np.uint64) -> np.uint64:
    """64 random bits from a place in the sequence."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@numba.njit(inline="always", cache=True)
def below(bits: np.uint64, n: int) -> np.int64:
    """A number below n from the upper 32 of 64 random bits (n < 2³²; unequal by at most n /
    2³²).
    """
    return np.int64(((bits >> HIGH) * np.uint64(n)) >> HIGH)


@numba.njit(inline="always", cache=True)
def choice(slots: np.ndarray, slot: int, bits: np.uint64) -> np.int64:
    """One of the two choices of a slot by the lower 32 of 64 random bits."""
    return np.int64(slots[slot, 1] if (bits & LOW) < slots[slot, 0] else slots[slot, 2])


@numba.njit(inline="always", cache=True)
def draw_next(
    item_offsets: np.ndarray,
    slots: np.ndarray,
    width: int,
    here: np.ndarray,
    counter: np.ndarray,
    bits: np.ndarray,
    target: np.ndarray,
) -> None:
    """Draw the next node of `width` walks from the alias tables of the items they are at, into
    `target`.
    """
    for b in range(width):
        counter[b] += GOLDEN
        bits[b] = mix(counter[b])
        begin = item_offsets[here[b]]
        target[b] = begin + below(bits[b], item_offsets[here[b] + 1] - begin)
    for b in range(width):
        target[b] = choice(slots, target[b], bits[b])


@numba.njit(inline="always", cache=True)
def draw_start(
    entrance: np.ndarray,
    key: np.uint64,
    first: np.uint64,
    length: int,
    walks: np.ndarray,
    start: int,
    width: int,
    here: np.ndarray,
    counter: np.ndarray,
) -> None:
    """Draw the first items of `width` walks; `here` and `counter` begin with them."""
    for b in range(width):
        counter[b] = key + (first + np.uint64(start + b)) * np.uint64(2 * length) * GOLDEN
        bits = mix(counter[b])
        here[b] = choice(entrance, below(bits, len(entrance)), bits)
        walks[start + b, 0] = here[b]
