"""Where labels stand is counted, and comes to what the lists themselves say."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.retrieval.top_k import ranks, recall, top_k


def planted_queries(random: np.random.Generator, users: int, items: int, labels: int):
    """Queries and vectors of whole numbers, so that many scores are equal; labels that were not
    seen.
    """
    queries, vectors = (
        random.integers(-2, 3, (count, 3)).astype(np.float32) for count in (users, items)
    )
    rows = [random.permutation(items) for _ in range(users)]
    return (
        queries,
        vectors,
        Histories.of_lists([row[:labels] for row in rows]),
        Histories.of_lists([row[labels : labels + 9] for row in rows]),
    )


@pytest.mark.parametrize("labels", [1, 30])  # few are counted one by one, many by a sort
@pytest.mark.parametrize("k", [1, 10, 400])
def test_recall_is_the_share_of_the_labels_that_the_whole_order_has_among_its_first(labels, k):
    queries, vectors, wanted, seen = planted_queries(np.random.default_rng(labels), 40, 120, labels)
    expected = wanted.lengths + 1  # one more that the model does not know
    scores = queries @ vectors.T
    scores[seen.users(), seen.items] = -np.inf
    whole = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    share = np.mean(
        [np.isin(wanted[user], whole[user]).sum() / expected[user] for user in range(40)]
    )
    assert recall(queries, vectors, k, wanted, expected, seen) == pytest.approx(share, abs=1e-12)


def test_what_was_seen_is_not_found_even_in_a_list_longer_than_the_catalogue():
    queries, vectors = np.ones((1, 2), np.float32), np.ones((5, 2), np.float32)
    both = Histories.of_lists([[3]])
    assert recall(queries, vectors, 50, both, np.array([1]), both) == 0


def test_the_places_are_those_of_the_sorted_list():
    scores = np.random.default_rng(0).integers(0, 9, 500).astype(np.float32)
    places = np.empty(500, np.int64)
    places[np.argsort(-scores, kind="stable")] = np.arange(500)
    assert np.array_equal(ranks(scores, np.arange(500)), places)


def test_what_recall_counts_is_what_a_list_shows():
    random = np.random.default_rng(1)
    queries, vectors = (
        random.standard_normal((30, 8)).astype(np.float32),
        random.standard_normal((300, 8)).astype(np.float32),
    )
    seen = Histories.of_lists([random.permutation(300)[:20] for _ in range(30)])
    shown = top_k(queries, vectors, 50, seen)
    assert recall(queries, vectors, 50, Histories.of_lists(list(shown)), np.full(30, 50), seen) == 1
