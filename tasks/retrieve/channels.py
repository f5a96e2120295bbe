"""The ranked list that each channel proposes for a user state."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tasks.retrieve.fusion import reciprocal_rank
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.user_state import UserState

SIMILAR, POPULAR = "similar", "popular"
SIMILAR_SEEDS = 5  # newest liked items whose neighbours the channel `similar` proposes
Ranked = list[tuple[str, float]]  # ids and scores, best first


def channel_items(
    channel: str, generations: Mapping[str, LoadedGeneration], state: UserState, depth: int
) -> Ranked:
    """At most `depth` unseen items that a channel proposes; empty when it has no query.

    Args:
        channel: a family (its model searches: item2vec and two_tower from the user, gru4rec from
            the sequence, fused as its members do), `similar` (items like the newest liked ones) or
            `popular`.
        generations: the families that this answer reads.
    """
    if channel == POPULAR:
        return _popular(generations, state, depth)
    if channel == SIMILAR:
        return _similar(generations, state, depth)
    generation = generations[channel]
    query = state.query(generation)
    if query is None:
        return []
    return with_ids(generation, *generation.nearest(query, depth, state.seen[channel]))


def with_ids(
    generation: LoadedGeneration, rows: np.ndarray, scores: np.ndarray | None = None
) -> Ranked:
    """Rows by their ids, in this order; without scores, by 1 / rank."""
    scores = 1 / np.arange(1, len(rows) + 1) if scores is None else scores
    return list(zip(generation.folder.item_ids.take(rows), scores.tolist(), strict=True))


def _popular(generations: Mapping[str, LoadedGeneration], state: UserState, depth: int) -> Ranked:
    lists = {
        family: with_ids(generation, *generation.popular(depth, state.seen[family]))
        for family, generation in generations.items()
    }
    return _merge(lists)[:depth]


def _similar(generations: Mapping[str, LoadedGeneration], state: UserState, depth: int) -> Ranked:
    lists: dict[str, Ranked] = {}
    for family, generation in generations.items():
        newest = list(dict.fromkeys(state.liked[family][::-1].tolist()))[:SIMILAR_SEEDS]
        for row in newest:
            similar = generation.similar(row, depth, state.seen[family])
            lists[f"{family} {row}"] = with_ids(generation, *similar)
    return _merge(lists)[:depth]


def _merge(lists: Mapping[str, Ranked]) -> Ranked:
    """One list as it is; several by reciprocal rank."""
    if len(lists) == 1:
        return next(iter(lists.values()))
    ids = {name: [id for id, _ in ranked] for name, ranked in lists.items()}
    return [(id, score) for id, score, _ in reciprocal_rank(ids)]
