"""Similar items are liked by the same people, whatever their popularity."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.histories import Histories
from tasks.core.similar import correlation_space
from tests import worlds


def nearest(space: np.ndarray, item: int, k: int) -> np.ndarray:
    scores = space @ space[item]
    scores[item] = -np.inf
    return np.argsort(-scores)[:k]


def histories_of(world: worlds.World) -> Histories:
    return Histories.of(world.users, world.items, world.timestamps, len(world.user_group))


def test_the_nearest_items_are_of_the_same_group():
    world = worlds.grouped(users=150, items=60, groups=3, likes=12, noise=0.1)
    space = correlation_space(histories_of(world), 60, dimension=8)
    for item in range(60):
        assert (world.item_group[nearest(space, item, 5)] == world.item_group[item]).all()


def test_it_is_the_correlation_when_no_dimension_is_lost():
    world = worlds.grouped(users=100, items=12, groups=3, likes=3, noise=0.3)
    histories = histories_of(world)
    dense = np.zeros((100, 12))
    dense[histories.users(), histories.items] = 1
    space = correlation_space(histories, 12, dimension=11, shrink=0.0).astype(np.float64)
    z = (dense - dense.mean(0)) / dense.std(0)
    values, vectors = np.linalg.eigh(z.T @ z / 100)
    wanted = vectors[:, 1:] * np.sqrt(values[1:])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(space @ space.T, wanted @ wanted.T, atol=1e-4)


def test_something_everybody_likes_is_like_nothing_and_hides_nothing():
    random = np.random.default_rng(0)
    lists = [[0, *(1 + 3 * random.permutation(4)[:2] + user % 3)] for user in range(90)]
    space = correlation_space(Histories.of_lists(lists), 13, dimension=6)
    assert not space[0].any()
    assert {int(i - 1) % 3 for i in nearest(space, 1, 3)} == {0}


def test_a_chance_resemblance_of_something_rare_comes_after_a_supported_one():
    lists = [[0, 1] if user % 2 else [2, 3] for user in range(100)] + [[0, 1, 4]]
    space = correlation_space(Histories.of_lists(lists), 5, dimension=4)
    assert nearest(space, 0, 1)[0] == 1
    assert np.linalg.norm(space[4]) == pytest.approx(1 / 21, rel=1e-3)
    assert np.linalg.norm(space, axis=1).max() <= 1


@pytest.mark.parametrize("lists", [[], [[0]], [[], []], [[0, 1], [0, 1]]])
def test_data_that_says_nothing_gives_zeros(lists):
    space = correlation_space(Histories.of_lists(lists), 2)
    assert space.shape[0] == 2 and not space.any()


def test_the_same_seed_gives_the_same_vectors():
    histories = histories_of(worlds.grouped())
    np.testing.assert_array_equal(correlation_space(histories, 60, 8, seed=3), correlation_space(histories, 60, 8, seed=3))
