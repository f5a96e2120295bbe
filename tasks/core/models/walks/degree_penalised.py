"""Law `degree-penalised`: by the number of users who liked both, popular targets held back.

    P(j | i) = w(i, j) · p(j)^−β / Σ_k w(i, k) · p(k)^−β
    p(j) = Σ_u x_uj,    w(i, j) = Σ_u x_ui x_uj,    w(i, i) = 0

with x_ui what the pair of user u and item i counts: 1, so that p(j) is the number of users who
liked j, unless events repeat or weigh differently. Two draws again, without the graph: with b(u, j)
= x_uj p(j)^−β, a user u of i with weight x_ui Σ_{k ∈ u, k ≠ i} b(u, k), then one of u's other items
with weight b(u, ·). The second is drawn from all of u's items; if that gives i, once more from the
others by going through them, which is the same law (b / Σ b + b(i) / Σ b · b / (Σ b − b(i)) = b /
(Σ b − b(i))) in bounded time. Memory is linear in the interactions.
"""

from __future__ import annotations

import numba
import numpy as np

from tasks.core.models.walks.random_draws import (
    BLOCK_WALKS,
    GOLDEN,
    SECOND_DRAW,
    below,
    choice,
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
    user_slots: np.ndarray,
    row_weights: np.ndarray,
    key: np.uint64,
    first: np.uint64,
    walks: np.ndarray,
) -> None:
    """Fill `walks` (int32 (count, length)), beginning with walk number `first`."""
    count, length = walks.shape
    here, user, position = (
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
                bits[b] = mix(counter[b])
                begin = user_offsets[user[b]]
                position[b] = begin + below(bits[b], user_offsets[user[b] + 1] - begin)
            for b in range(width):
                found = choice(user_slots, position[b], bits[b])
                if found == here[b]:
                    found = _other(
                        user_items,
                        user_offsets[user[b]],
                        user_offsets[user[b] + 1],
                        row_weights,
                        here[b],
                        mix(bits[b] ^ SECOND_DRAW),
                    )
                here[b] = found
                walks[start + b, step] = found


@numba.njit(cache=True)
def _other(
    user_items: np.ndarray,
    begin: int,
    end: int,
    row_weights: np.ndarray,
    here: int,
    bits: np.uint64,
) -> np.int64:
    """One of the user's items other than `here`, by weight."""
    total = 0.0
    for index in range(begin, end):
        if user_items[index] != here:
            total += row_weights[index]
    left = np.float64(bits >> np.uint64(11)) * 2.0**-53 * total
    found = here
    for index in range(begin, end):
        if user_items[index] != here:
            found = user_items[index]
            left -= row_weights[index]
            if left < 0:
                break
    return np.int64(found)
