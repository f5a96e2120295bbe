"""The arrays of the laws over lists hold exactly the law."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.data.histories import Histories
from tasks.core.models.walks import walk
from tasks.core.models.walks.expected_visits import expected_visits
from tasks.graph.alias import alias_slots
from tasks.graph.laws.cooccurrence import build_cooccurrence
from tasks.graph.laws.degree_penalised import build_degree_penalised
from tests import graphs

# Items 0-4 are liked together; 5 only alone; 6 by nobody.
LIKES = [[0, 1, 2], [1, 2], [2, 3, 4, 0], [5], [], [3, 4]]


def planted(seed: int | None) -> tuple[list, int]:
    if seed is None:
        return LIKES, 7
    random = np.random.default_rng(seed)
    return [random.permutation(30)[: random.integers(0, 12)].tolist() for _ in range(60)], 30


def law_of(weights: np.ndarray) -> np.ndarray:
    return weights / np.maximum(weights.sum(1, keepdims=True), 1e-300)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_cooccurrence_is_the_count_of_users_who_liked_both(seed):
    likes, items = planted(seed)
    tables = build_cooccurrence(Histories.of_lists(likes), items)
    np.testing.assert_allclose(
        graphs.implied(tables), law_of(graphs.together(likes, items)), atol=1e-8
    )


@pytest.mark.parametrize("penalty", [0, 0.5, 1, 3])
@pytest.mark.parametrize("seed", [None, 2])
def test_degree_penalised_weighs_by_a_power_of_popularity(seed, penalty):
    likes, items = planted(seed)
    tables = build_degree_penalised(Histories.of_lists(likes), items, penalty)
    np.testing.assert_allclose(
        graphs.implied(tables), law_of(graphs.penalised(likes, items, penalty)), atol=1e-8
    )
    own = graphs._shares(tables.user_slots[:3])[:3]  # of user 0
    items_of = tables.user_items[:3] if seed is None else None
    if items_of is not None:
        np.testing.assert_allclose(
            own[items_of], tables.row_weights[:3] / tables.row_weights[:3].sum(), atol=1e-8
        )


@pytest.mark.parametrize("entrance", ["strength", "uniform"])
def test_walks_begin_by_strength_or_at_every_item_alike(entrance):
    histories = Histories.of_lists(LIKES)
    for tables, weights in (
        (build_cooccurrence(histories, 7, entrance), graphs.together(LIKES, 7)),
        (build_degree_penalised(histories, 7, 1, entrance), graphs.penalised(LIKES, 7, 1)),
    ):
        expected = weights.sum(1) if entrance == "strength" else (weights.sum(1) > 0).astype(float)
        np.testing.assert_allclose(
            np.resize(graphs._shares(tables.entrance), 5), expected[:5] / expected.sum(), atol=1e-8
        )


def test_an_item_met_twice_is_one_pair_at_its_newest_place_and_leads_nowhere_but_to_others():
    tables = build_cooccurrence(Histories.of_lists([[3, 1, 3, 0, 1]]), 4)
    assert tables.user_items.tolist() == [3, 0, 1]
    assert not np.diag(graphs.implied(tables)).any() and np.diff(tables.item_offsets).tolist() == [
        1,
        1,
        0,
        1,
    ]
    np.testing.assert_allclose(graphs.implied(tables)[0], [0, 0.5, 0, 0.5], atol=1e-8)


PAIRS = np.array(
    [[2**0.5, 1, 3**0.5, 0], [0, 1, 1, 1], [2, 0, 0, 1]]
)  # the roots of what the rows below add up to
EVENTS = Histories(
    np.array([0, 6, 9, 12]),
    np.array([0, 2, 1, 2, 0, 2, 1, 2, 3, 0, 3, 0], np.int32),
    np.arange(12),
    np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2], np.float32),
)


@pytest.mark.parametrize("penalty", [None, 0.5])
def test_repeats_and_weights_make_what_is_liked_together_count_more(penalty):
    tables = (
        build_cooccurrence(EVENTS, 4)
        if penalty is None
        else build_degree_penalised(EVENTS, 4, penalty)
    )
    weights = PAIRS.T @ PAIRS
    np.fill_diagonal(weights, 0)
    if penalty:
        popularity = PAIRS.sum(axis=0) ** -penalty
        weights = popularity[:, None] * weights * popularity
    np.testing.assert_allclose(graphs.implied(tables), law_of(weights), atol=1e-7)
    np.testing.assert_allclose(
        graphs._shares(tables.entrance), weights.sum(1) / weights.sum(), atol=1e-7
    )
    length, mass, visits = 4, weights.sum(1) / weights.sum(), np.zeros(4)
    for _ in range(length):
        visits, mass = visits + mass, mass @ law_of(weights)
    np.testing.assert_allclose(expected_visits(tables, length), visits, atol=1e-6)
    drawn = walk(tables, 0, 200_000, length, 0)
    np.testing.assert_allclose(
        np.bincount(drawn.ravel(), minlength=4) / len(drawn), visits, atol=0.01
    )


def test_isolated_items_and_users_with_one_item_lead_nowhere():
    tables = build_cooccurrence(Histories.of_lists(LIKES), 7)
    assert np.diff(tables.item_offsets).tolist() == [2, 2, 3, 2, 2, 0, 0] and tables.edges == 11
    assert set(tables.entrance[:, 1:].ravel()) == {0, 1, 2, 3, 4}


def test_memory_is_linear_in_the_interactions():
    histories = Histories.of_lists([list(range(2000))])  # 4 million pairs
    for tables in (build_cooccurrence(histories, 2000), build_degree_penalised(histories, 2000, 1)):
        assert sum(array.nbytes for array in vars(tables).values()) < 2000 * 64


def test_a_rare_item_beside_a_frequent_one_keeps_its_weight():
    """b of the frequent item is 1e-16 of the rare one's: as a difference it would be lost."""
    likes = [[0, 1]] + [[0, 2]] * 9999
    tables = build_degree_penalised(Histories.of_lists(likes), 3, 4)
    np.testing.assert_allclose(graphs.implied(tables)[1], [1, 0, 0])


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_weights_that_cannot_be_drawn_by_are_refused(weight):
    with pytest.raises(
        RefusedData,
        match=r"weights of 1 of 3 choices.*for choice 8.*expected finite numbers above 0; remedy",
    ):
        alias_slots(np.array([0, 3]), np.array([7, 8, 9]), np.array([1.0, weight, 2.0]))
