"""Merging the lists of several families."""

from __future__ import annotations

CONSTANT = 60


def reciprocal_rank(lists: dict[str, list[str]], constant: int = CONSTANT) -> list[tuple[str, float, tuple[str, ...]]]:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): score(i) = Σ over lists 1 / (constant + rank of i, from 1).

    Args:
        lists: name → ids, best first.

    Returns:
        id, score and the names of the lists that hold it, best first; equal scores in the order in which they were met.
    """
    scores: dict[str, float] = {}
    names: dict[str, list[str]] = {}
    for name, ids in lists.items():
        for rank, id in enumerate(ids, 1):
            scores[id] = scores.get(id, 0.0) + 1 / (constant + rank)
            names.setdefault(id, []).append(name)
    return [(id, scores[id], tuple(names[id])) for id in sorted(scores, key=lambda id: -scores[id])]
