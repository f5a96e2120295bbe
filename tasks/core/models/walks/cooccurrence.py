"""Law `cooccurrence`: by the number of users who liked both.

    P(j | i) = w(i, j) / Σ_k w(i, k),    w(i, j) = the number of users who liked i and j
                                         w(i, i) = 0

The same law in two draws, without the graph: a user u of i with weight n_u − 1, then one of u's n_u
− 1 other items uniformly; for Σ_u (n_u − 1) · [j ∈ u] / (n_u − 1) = w(i, j). Memory is linear in
the interactions where the item graph would hold Σ n_u² pairs. Where users have items several times
or with weights, w(i, j) = Σ_u x_ui x_uj of what the pairs count: `degree_penalised` with β = 0.
"""

from __future__ import annotations

import numba
import numpy as np

from tasks.core.models.walks.random_draws import (
    BLOCK_WALKS,
    GOLDEN,
    below,
    draw_next,
    draw_start,
    mix,
)


@numba.njit(nogil=True, cache=True)
def fill_walks(
    item_offsets: np.ndarray,
    slots: np.ndarray,
    entrance: np.ndarray,
    user_offsets: np.ndarray,
    user_items: np.ndarray,
    key: np.uint64,
    first: np.uint64,
    walks: np.ndarray,
) -> None:
    """Fill `walks` (int32 (count, length)), beginning with walk number `first`, one kind of look-up
    at a time for a block: its cache misses overlap instead of waiting for each other."""
    count, length = walks.shape
    here, user, last = (
        np.empty(BLOCK_WALKS, np.int64),
        np.empty(BLOCK_WALKS, np.int64),
        np.empty(BLOCK_WALKS, np.int64),
    )
    bits, counter = np.empty(BLOCK_WALKS, np.uint64), np.empty(BLOCK_WALKS, np.uint64)
    for start in range(0, count, BLOCK_WALKS):
        width = min(BLOCK_WALKS, count - start)
        draw_start(entrance, key, first, length, walks, start, width, here, counter)
        for step in range(1, length):
            draw_next(item_offsets, slots, width, here, counter, bits, user)
            for b in range(width):
                counter[b] += GOLDEN
                begin = user_offsets[user[b]]
                last[b] = (
                    user_offsets[user[b] + 1] - 1
                )  # the user's last item stands in for the one the walk is at
                user[b] = begin + below(mix(counter[b]), last[b] - begin)
            for b in range(width):
                found = np.int64(user_items[user[b]])
                here[b] = found if found != here[b] else user_items[last[b]]
                walks[start + b, step] = here[b]
