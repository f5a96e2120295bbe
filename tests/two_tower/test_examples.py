"""Every like is an example exactly once an epoch, after what really came before it."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.two_tower.examples import Liked, Rated
from tasks.two_tower.trainer import decay_weights

LENGTHS = [0, 1, 2, 7, 8, 9, 31]


def histories() -> Histories:
    """User u has items 100 u, 100 u + 1, …: an item tells its user and its place."""
    return Histories.of_lists(
        [100 * user + np.arange(length) for user, length in enumerate(LENGTHS)]
    )


def before(batch, run: int, place: int, last: int) -> list[int]:
    """The items that the example at this place of its run sees."""
    seen = batch.window[run, place : place + last]
    return seen[seen >= 0].tolist()


@pytest.mark.parametrize("size", [8, 24, 1000])
def test_each_like_once_with_what_came_before_it(size):
    met = []
    for batch in Liked(histories(), 5).batches(size, np.random.default_rng(0)):
        for run, user in enumerate(batch.users.tolist()):
            for place, item in enumerate(batch.targets[run].tolist()):
                if item >= 0:
                    met.append(item)
                    assert item // 100 == user and before(batch, run, place, 5) == list(
                        range(max(100 * user, item - 5), item)
                    )
    assert sorted(met) == sorted(histories().items.tolist())


def test_a_window_that_no_history_fills_is_cut_and_nobody_sees_less():
    cut = 0
    for last in range(31, 101):
        [batch] = Liked(histories(), last).batches(1000, np.random.default_rng(0))
        there = batch.window.shape[1] - batch.targets.shape[1] + 1
        cut += there < last
        for run, user in enumerate(batch.users.tolist()):
            for place, item in enumerate(batch.targets[run].tolist()):
                assert item < 0 or before(batch, run, place, there) == list(range(100 * user, item))
    assert cut > 30 and there <= 31 + 32


def test_runs_begin_elsewhere_in_every_epoch():
    one, random = Liked(histories(), 5), np.random.default_rng(0)
    first, second = (
        [batch.targets.tolist() for batch in one.batches(1000, random)] for _ in range(2)
    )
    assert first != second


def test_a_rated_row_sees_the_likes_before_it_whether_liked_or_not():
    rated = Rated(
        histories(),
        np.array([3, 3, 6]),
        np.array([0, 4, 31]),
        np.array([77, 304, 12]),
        np.array([0, 1, 0.5], np.float32),
        3,
    )
    [batch] = rated.batches(10, np.random.default_rng(0))
    rated = zip(batch.targets[:, 0].tolist(), batch.ratings[:, 0].tolist())
    likes_before = {
        item: (before(batch, run, 0, 3), rating) for run, (item, rating) in enumerate(rated)
    }
    assert likes_before == {77: ([], 0), 304: ([301, 302, 303], 1), 12: ([628, 629, 630], 0.5)}


def test_weights_fall_with_age_and_end_with_the_window():
    law = decay_weights((2.0,), 3, 2)
    assert law.shape == (1, 2, 4)
    np.testing.assert_allclose(
        law[0], [[np.exp(-1), np.exp(-0.5), 1, 0], [0, np.exp(-1), np.exp(-0.5), 1]], rtol=1e-6
    )
