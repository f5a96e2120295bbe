"""Law `window`: by how often two items stand near each other in a user's list in order of time.
Symmetric: both directions count.

    P(j | i) = v(i, j) / Σ_k v(i, k)
    v(i, j)  = Σ 2^−((q − p − 1) / h) · 2^−(age / H)

over pairs of places (p, q) of one user, 1 ≤ q − p ≤ w, with items i and j in either order, with h
the half-life in places, H the half-life in days of the pair's age (whole days from the later of the
two to the newest row); without one, that factor is 1. Weights are whole numbers: the first factor
in 1024ths, the second in 2²⁰ths, each rounded, so that sums do not depend on their order, and a
pair older than 21 half-lives weighs nothing. An item next to itself is no pair: no self-loops.
"""

from __future__ import annotations

import numba
import numpy as np

from tasks.core.models.walks.random_draws import BLOCK_WALKS, draw_next, draw_start


@numba.njit(nogil=True, cache=True)
def fill_walks(
    item_offsets: np.ndarray,
    slots: np.ndarray,
    entrance: np.ndarray,
    key: np.uint64,
    first: np.uint64,
    walks: np.ndarray,
) -> None:
    """Fill `walks` (int32 (count, length)), beginning with walk number `first`."""
    count, length = walks.shape
    here, found = np.empty(BLOCK_WALKS, np.int64), np.empty(BLOCK_WALKS, np.int64)
    bits, counter = np.empty(BLOCK_WALKS, np.uint64), np.empty(BLOCK_WALKS, np.uint64)
    for start in range(0, count, BLOCK_WALKS):
        width = min(BLOCK_WALKS, count - start)
        draw_start(entrance, key, first, length, walks, start, width, here, counter)
        for step in range(1, length):
            draw_next(item_offsets, slots, width, here, counter, bits, found)
            for b in range(width):
                here[b] = found[b]
                walks[start + b, step] = here[b]
