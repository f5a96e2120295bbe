"""Fusion of the ranked lists of several channels."""

from __future__ import annotations

from collections.abc import Mapping

RANK_CONSTANT = 60
# (id, score, names of the lists that hold the id), best first
Merged = list[tuple[str, float, tuple[str, ...]]]


def reciprocal_rank(lists: Mapping[str, list[str]], constant: int = RANK_CONSTANT) -> Merged:
    """Reciprocal rank fusion: score(i) = Σ over lists 1 / (constant + rank of i, from 1).

    Cormack, Clarke and Büttcher 2009.

    Args:
        lists: name → ids, best first.

    Returns:
        every id of any list; equal scores in the order of the lists.
    """
    scores: dict[str, float] = {}
    names: dict[str, list[str]] = {}
    for name, ids in lists.items():
        for rank, id in enumerate(ids, 1):
            scores[id] = scores.get(id, 0.0) + 1 / (constant + rank)
            names.setdefault(id, []).append(name)
    return [(id, scores[id], tuple(names[id])) for id in sorted(scores, key=lambda id: -scores[id])]


def by_quota(lists: Mapping[str, list[str]], quotas: Mapping[str, int], k: int) -> Merged:
    """The best of each list that no earlier list has taken, as many as its quota.

    Places that remain up to k are filled by reciprocal rank.

    Returns:
        k ids, or all there are, ordered by their reciprocal ranks.
    """
    taken: set[str] = set()
    for name, ids in lists.items():
        taken.update([id for id in ids if id not in taken][: quotas[name]])
    merged = reciprocal_rank(lists)
    filling = [id for id, _, _ in merged if id not in taken][: max(0, k - len(taken))]
    return [entry for entry in merged if entry[0] in taken or entry[0] in filling][:k]
