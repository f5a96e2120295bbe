"""What is known of somebody, and the list that each channel makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from tasks.retrieve.held import Held
from tasks.retrieve.merge import reciprocal_rank

SIMILAR, POPULAR = "similar", "popular"
RECENT = 5  # liked items, the newest ones, whose neighbours the channel `similar` proposes
Ranked = list[tuple[str, float]]  # ids and scores, best first


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of one person, in the rows of each family.

    Attributes:
        vectors: family → stored query vector, float32 (d).
        liked: family → int32, liked rows, oldest first.
        seen: family → int32, every row to be left out.
    """

    vectors: Mapping[str, np.ndarray]
    liked: Mapping[str, np.ndarray]
    seen: Mapping[str, np.ndarray]


def proposed(channel: str, held: Mapping[str, Held], known: Known, depth: int) -> Ranked:
    """At most `depth` items that one channel proposes, none of them seen; empty when it has nothing to go by.

    Args:
        channel: a family (its model searches: item2vec and two_tower from the user, gru4rec from the sequence), `similar` (items
            like the newest liked ones) or `popular`.
        held: the families this answer reads.
    """
    if channel == POPULAR:
        return _fused({one: _ids(h, *h.popular(depth, known.seen[one])) for one, h in held.items()})[:depth]
    if channel == SIMILAR:
        return _similar(held, known, depth)
    one = held[channel]
    query = known.vectors[channel] if channel in known.vectors else one.encode(known.liked[channel])
    return [] if query is None else _ids(one, *one.nearest(query, depth, known.seen[channel]))


def _similar(held: Mapping[str, Held], known: Known, depth: int) -> Ranked:
    lists = {}
    for one, h in held.items():
        newest = list(dict.fromkeys(known.liked[one][::-1].tolist()))[:RECENT]
        lists |= {f"{one} {row}": _ids(h, *h.similar(row, depth, known.seen[one])) for row in newest}
    return _fused(lists)[:depth]


def _fused(lists: Mapping[str, Ranked]) -> Ranked:
    if len(lists) == 1:
        return next(iter(lists.values()))
    return [(id, score) for id, score, _ in reciprocal_rank({name: [id for id, _ in ranked] for name, ranked in lists.items()})]


def _ids(held: Held, rows: np.ndarray, scores: np.ndarray) -> Ranked:
    ids = held.folder.item_ids
    return [(ids[row], score) for row, score in zip(rows.tolist(), scores.tolist())]
