"""Item to item, measured: the newest known like of a user alone is asked what is like it.

What the user has seen is left out; a held-out like among the ten is a hit. So popularity, item
cosine and a model's neighbours are compared on the same users as their lists are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.similar_lists import newest_likes, unseen_neighbours
from tasks.core.store.arrays import rows_of_ids
from tasks.evaluate.lists import ranked_lists
from tasks.evaluate.measure import ItemPopularity, Metrics, hits, mean
from tasks.evaluate.metrics.coverage import coverage
from tasks.evaluate.metrics.genre_share import genre_share
from tasks.evaluate.metrics.hit_rate import hit_rate
from tasks.evaluate.metrics.reciprocal_rank import reciprocal_rank

K = 10
SHRINK = 20.0  # users


def lists_of_neighbours(candidate: Candidate, item_ids: list[str], queries: Queries) -> np.ndarray:
    """int32 (users, K): the snapshot's rows of what a candidate says is like each user's newest
    like, −1 for an empty place; users without a history have an empty list.
    """
    users, newest, seen = _askable(queries)
    own = candidate.rows_of(item_ids)[newest]
    found = np.where((own >= 0)[:, None], candidate.neighbours.rows[own], -1)
    rows = rows_of_ids(list(candidate.item_ids), item_ids)
    lists = np.full((len(queries.users), K), -1, np.int32)
    lists[users] = unseen_neighbours(np.where(found >= 0, rows[found], -1), newest, seen, K)
    return lists


def lists_of_items(
    score: Callable[[np.ndarray], np.ndarray], items: int, queries: Queries
) -> np.ndarray:
    """The same of a baseline.

    Args:
        score: from int (m) items to new float32 (m, items), how alike every item is to each.
    """
    users, newest, seen = _askable(queries)
    lists = np.full((len(queries.users), K), -1, np.int32)

    def others(start: int, stop: int) -> np.ndarray:
        scores = score(newest[start:stop])
        scores[np.arange(stop - start), newest[start:stop]] = -np.inf
        return scores

    lists[users] = ranked_lists(others, items, seen, K)[0]
    return lists


def item_cosine(liked: csr_matrix, shrink: float = SHRINK) -> Callable[[np.ndarray], np.ndarray]:
    """Shrunk cosines of items: c_ij / (√(c_i c_j) + shrink), c = X'X.

    Args:
        liked: X, float (users, items).
    """
    roots = np.sqrt(np.asarray(liked.multiply(liked).sum(axis=0), np.float64).ravel())
    others = csr_matrix(liked.T)

    def score(items: np.ndarray) -> np.ndarray:
        counts = (others[items] @ liked).toarray()
        lengths = np.maximum(roots[items, None] * roots + shrink, 1e-9)
        return (counts / lengths).astype(np.float32)

    return score


def with_similar(
    metrics: Metrics, lists: np.ndarray, queries: Queries, catalogue: ItemPopularity
) -> Metrics:
    """The metrics of a model, with those of its item-to-item lists: `similar_hr_10`,
    `similar_mrr_10`, `similar_genres_10` (of the users with a history) and `similar_coverage_10`.
    """
    users, newest, _ = _askable(queries)
    found = hits(lists, queries.labels, catalogue.tail)
    items = np.zeros(len(lists), np.int64)
    items[users] = newest
    figures = {
        "similar_hr_10": hit_rate(found.found, found.different),
        "similar_mrr_10": reciprocal_rank(found.found, found.different),
        "similar_genres_10": genre_share(items, lists, catalogue.features),
    }
    asked = queries.histories.lengths > 0
    figures = {name: np.where(asked, values, np.nan) for name, values in figures.items()}
    return dataclasses.replace(
        metrics,
        per_user=metrics.per_user | figures,
        overall=metrics.overall
        | {name: mean(values) for name, values in figures.items()}
        | {"similar_coverage_10": coverage(lists, len(catalogue.order))},
    )


def without_similar(metrics: Metrics) -> Metrics:
    """The metrics of a model that is not asked what is like an item: undefined for every user."""
    names = ("similar_hr_10", "similar_mrr_10", "similar_genres_10")
    users = len(next(iter(metrics.per_user.values())))
    return dataclasses.replace(
        metrics,
        per_user=metrics.per_user | {name: np.full(users, np.nan) for name in names},
        overall=metrics.overall | dict.fromkeys((*names, "similar_coverage_10")),
    )


def _askable(queries: Queries) -> tuple[np.ndarray, np.ndarray, Histories]:
    """Users with a history, the newest like of each, and what each has seen."""
    users = np.flatnonzero(queries.histories.lengths > 0)
    newest = newest_likes(queries.histories.select_users(users))
    return users, newest, queries.seen.select_users(users)
