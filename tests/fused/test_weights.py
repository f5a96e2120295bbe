"""Ranks and weights by hand and on planted scores."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.fused.projection import project
from tasks.fused.weights import Ranking, search_weights


def planted(users: int = 200, items: int = 60) -> Ranking:
    """A label is what two members together put first; neither does alone, and the third says
    nothing.
    """
    random = np.random.default_rng(0)
    scores = random.standard_normal((3, users, items)).astype(np.float32)
    labels = (scores[0] + 0.5 * scores[1]).argmax(axis=1)
    return Ranking(
        scores,
        Histories.of_lists(labels[:, None].tolist()),
        Histories.of_lists([[]] * users),
        np.ones(users, np.int64),
    )


def test_places_by_hand():
    scores = np.array([[[0.9, 0.5, 0.7, 0.1], [0.2, 0.4, 0.6, 0.8]]], np.float32)
    ranking = Ranking(
        scores, Histories.of_lists([[1, 3], [0]]), Histories.of_lists([[0], []]), np.array([2, 2])
    )
    assert ranking.ranks(np.ones(1)).tolist() == [1, 2, 3], "item 0 of the first user was seen"
    ideal = 1 + 1 / np.log2(3)
    expected = ((1 / np.log2(3) + 1 / np.log2(4)) / ideal + 1 / np.log2(5) / ideal) / 2
    assert ranking.ndcg(np.ones(1)) == pytest.approx(expected)
    assert ranking.recall(np.ones(1), 3) == pytest.approx(((2 / 2) + 0) / 2), (
        "the second user's other label is unknown: a miss"
    )


def test_the_weights_that_made_the_labels_are_found_and_what_says_nothing_gets_none():
    ranking = planted()
    found = search_weights(ranking, np.random.default_rng(0))
    assert found.weights.sum() == pytest.approx(1) and (found.weights >= 0).all()
    assert (
        found.weights[1] / found.weights[0] == pytest.approx(0.5, abs=0.1)
        and found.weights[2] < 0.03
    )
    assert (
        found.ndcg > 0.97 > ranking.ndcg(np.ones(3) / 3)
        and found.ndcg > max(ranking.ndcg(one) for one in np.eye(3)) + 0.2
    )


def test_a_seed_gives_the_same_weights():
    one, two = (search_weights(planted(), np.random.default_rng(3)) for _ in range(2))
    assert (one.weights == two.weights).all()


def blocks(random: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Two blocks; the second's queries lie in two directions of its six."""
    queries = [
        random.standard_normal((80, 5)),
        random.standard_normal((80, 2)) @ random.standard_normal((2, 6)),
    ]
    return queries, [random.standard_normal((40, 5)), random.standard_normal((40, 6))]


@pytest.mark.parametrize("dimension, off", [(11, 1e-4), (7, 1e-2)])
def test_as_many_directions_as_the_queries_have_keep_every_score(dimension, off):
    queries, candidates = blocks(np.random.default_rng(1))
    made = project(queries, candidates, dimension)
    assert sum(of.shape[1] for _, of in made) == dimension and (
        dimension == 11 or made[1][1].shape[1] == 2
    )
    for member_queries, candidate, (turn, of) in zip(queries, candidates, made):
        np.testing.assert_allclose(
            member_queries @ turn @ of.T,
            member_queries @ candidate.T,
            atol=off * np.abs(member_queries @ candidate.T).max(),
        )


def test_fewer_directions_lose_least_where_little_is_asked_for():
    queries, candidates = blocks(np.random.default_rng(1))
    made = project([queries[0] * 100, queries[1]], candidates, 6)
    assert [of.shape[1] for _, of in made] == [5, 1]
    assert sum(of.shape[1] for _, of in project(queries, candidates, 1)) == 2, (
        "each block keeps one"
    )
