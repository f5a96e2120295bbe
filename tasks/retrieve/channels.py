"""The list that each channel makes of what is known of somebody."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tasks.retrieve.fusion import reciprocal_rank
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.user_state import UserState

SIMILAR, POPULAR = "similar", "popular"
SIMILAR_SEEDS = 5  # liked items, the newest ones, whose neighbours the channel `similar` proposes
Ranked = list[tuple[str, float]]  # ids and scores, best first


def channel_items(
    channel: str, held: Mapping[str, LoadedGeneration], known: UserState, depth: int
) -> Ranked:
    """At most `depth` items that one channel proposes, none of those that are to be left out; empty
    when it has nothing to go by.

    Args:
        channel: a family (its model searches: item2vec and two_tower from the user, gru4rec from
            the sequence, fused as its members do), `similar` (items like the newest liked ones) or
            `popular`.
        held: the families this answer reads.
    """
    if channel == POPULAR:
        return _fused(
            {one: with_ids(h, *h.popular(depth, known.seen[one])) for one, h in held.items()}
        )[:depth]
    if channel == SIMILAR:
        return _similar(held, known, depth)
    one = held[channel]
    query = known.query(one)
    return [] if query is None else with_ids(one, *one.nearest(query, depth, known.seen[channel]))


def with_ids(held: LoadedGeneration, rows: np.ndarray, scores: np.ndarray | None = None) -> Ranked:
    """Rows by their ids, in this order; without scores, by 1 / rank."""
    scores = 1 / np.arange(1, len(rows) + 1) if scores is None else scores
    return list(zip(held.folder.item_ids.take(rows), scores.tolist(), strict=True))


def _similar(held: Mapping[str, LoadedGeneration], known: UserState, depth: int) -> Ranked:
    lists: dict[str, Ranked] = {}
    for one, h in held.items():
        newest = list(dict.fromkeys(known.liked[one][::-1].tolist()))[:SIMILAR_SEEDS]
        lists |= {
            f"{one} {row}": with_ids(h, *h.similar(row, depth, known.seen[one])) for row in newest
        }
    return _fused(lists)[:depth]


def _fused(lists: Mapping[str, Ranked]) -> Ranked:
    if len(lists) == 1:
        return next(iter(lists.values()))
    return [
        (id, score)
        for id, score, _ in reciprocal_rank(
            {name: [id for id, _ in ranked] for name, ranked in lists.items()}
        )
    ]
