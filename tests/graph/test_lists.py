"""The graph's arrays hold exactly the co-occurrence law."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.histories import Histories
from tasks.graph.lists import build_lists

# Items 0-4 are liked together; 5 only alone; 6 by nobody.
LIKES = [[0, 1, 2], [1, 2], [2, 3, 4, 0], [5], [], [3, 4]]


def transition(lists) -> np.ndarray:
    """The law that the alias tables and the lists imply, exactly: P(u) of each item's users, then their other items."""
    law = np.zeros((lists.items, lists.items))
    for i in range(lists.items):
        slots = lists.slots[lists.item_offsets[i]:lists.item_offsets[i + 1]]
        for threshold, user, other in slots:
            for one, share in ((user, threshold / 2**32), (other, 1 - threshold / 2**32)):
                items = lists.user_items[lists.user_offsets[one]:lists.user_offsets[one + 1]]
                law[i, items[items != i]] += share / len(slots) / (len(items) - 1)
    return law


def cooccurrence(likes: list, items: int) -> np.ndarray:
    """w(i, j) by counting pairs."""
    w = np.zeros((items, items))
    for one in likes:
        for i in set(one):
            for j in set(one) - {i}:
                w[i, j] += 1
    return w


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_transition_law_is_the_cooccurrence_count(seed):
    likes = LIKES
    if seed is not None:
        random = np.random.default_rng(seed)
        likes = [random.permutation(30)[:random.integers(0, 12)].tolist() for _ in range(60)]
    items = 30 if seed is not None else 7
    w = cooccurrence(likes, items)
    expected = w / np.maximum(w.sum(1, keepdims=True), 1)
    np.testing.assert_allclose(transition(build_lists(Histories.of_lists(likes), items)), expected, atol=1e-8)


def test_entrance_by_strength_and_uniform():
    strength = cooccurrence(LIKES, 7).sum(1)
    histories = Histories.of_lists(LIKES)
    assert build_lists(histories, 7).entrance.tolist() == np.cumsum(strength).tolist()
    assert build_lists(histories, 7, "uniform").entrance.tolist() == [1, 2, 3, 4, 5, 5, 5]


def test_an_item_liked_twice_counts_once_at_its_first_place():
    lists = build_lists(Histories.of_lists([[3, 1, 3, 0, 1]]), 4)
    assert lists.user_items.tolist() == [3, 1, 0]
    assert lists.entrance.tolist() == [2, 4, 4, 6]


def test_item_ids_and_users_without_company_lead_nowhere():
    lists = build_lists(Histories.of_lists(LIKES), 7)
    assert np.diff(lists.item_offsets).tolist() == [2, 2, 3, 2, 2, 0, 0] and lists.edges == 11


def test_memory_is_linear_in_the_interactions():
    lists = build_lists(Histories.of_lists([list(range(2000))]), 2000)  # 4 million pairs
    assert sum(array.nbytes for array in vars(lists).values()) < 2000 * 40
