"""Stability of item vectors from one model to the next: what a downstream model that keeps
yesterday's vectors can rely on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.neighbours import Neighbours
from tasks.core.retrieval.top_k import top_k
from tasks.core.retrieval.unit_rows import unit_rows

K = 10
# items whose neighbours are compared at most, spread evenly over the rows: seconds at any size
MAX_ITEMS = 2000


def stability(
    item_ids: Sequence[str], vectors: np.ndarray, neighbours: Neighbours, before: Candidate
) -> dict[str, float]:
    """Figures over the items that a new model and one of before have, each between 0 and 1 (cosines
    from −1).

    Args:
        item_ids, vectors, neighbours: of the new model, as a candidate holds them.

    Returns:
        common_items: how many; with fewer than two there is nothing else.
        neighbours_10: the mean share of an item's ten nearest by candidate vectors (cosine) that
            are the same.
        similar_10: the same of the ten most similar items, as they are served.
        cosine: the mean cosine of an item's candidate vector with the one it had; only where the
            dimensions agree.
    """
    rows = before.rows_of(item_ids)
    both = np.flatnonzero(rows >= 0)
    figures: dict[str, float] = {"common_items": float(len(both))}
    if len(both) < 2:
        return figures
    new, old = unit_rows(vectors[both]), unit_rows(before.vectors[rows[both]])
    figures[f"neighbours_{K}"] = neighbours_kept(new, old)
    common = np.full(len(before.item_ids), -1, np.int32)
    common[rows[both]] = both
    figures[f"similar_{K}"] = similar_kept(
        neighbours, before.neighbours.remap(common, len(item_ids)), both
    )
    if new.shape == old.shape:
        figures["cosine"] = float(np.mean(np.sum(new * old, axis=1)))
    return figures


def similar_kept(now: Neighbours, then: Neighbours, rows: np.ndarray, k: int = K) -> float:
    """The mean overlap of the k most similar items of some rows, of as many as both tables have; 0
    where they have none.
    """
    new, old = now.rows[rows][:, :k], then.rows[rows][:, :k]
    same = ((new[:, :, None] == old[:, None, :]) & (new >= 0)[:, :, None]).any(axis=2).sum(axis=1)
    there = np.minimum((new >= 0).sum(axis=1), (old >= 0).sum(axis=1))
    return float((same[there > 0] / there[there > 0]).mean()) if (there > 0).any() else 0.0


def neighbours_kept(
    vectors: np.ndarray, before: np.ndarray, k: int = K, sample_size: int = MAX_ITEMS
) -> float:
    """The mean overlap |A ∩ B| / k of the k nearest others of each item by inner product, now (A)
    and before (B).

    Args:
        vectors: (n, d), n ≥ 2.
        before: (n, e), the same items in the other space, row by row; e may differ from d.
        k: neighbours; n − 1 where there are fewer.
        asked: how many items are asked at most.
    """
    some = np.unique(
        np.linspace(0, len(vectors) - 1, min(sample_size, len(vectors))).astype(np.int64)
    )
    k, selves = min(k, len(vectors) - 1), Histories.of_lists([[row] for row in some])
    now, then = (
        top_k(np.asarray(space)[some], np.asarray(space), k, selves) for space in (vectors, before)
    )
    return float((now[:, :, None] == then[:, None, :]).any(axis=2).mean())


def stability_sentence(figures: dict[str, float] | None) -> str:
    """The figures as a sentence for people; empty for a model that was compared with none."""
    if not figures:
        return ""
    if f"neighbours_{K}" not in figures:
        return "It has fewer than two items in common with the champion."
    turned = (
        f"; cosine with the vectors before {figures['cosine']:.3f}" if "cosine" in figures else ""
    )
    return (
        f"Of the {figures['common_items']:.0f} items in common with the champion, "
        f"{figures[f'neighbours_{K}']:.0%} of the ten nearest by "
        f"candidate vectors and {figures[f'similar_{K}']:.0%} of the ten most similar are the "
        f"same{turned}."
    )
