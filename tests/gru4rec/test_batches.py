"""Every position of every history is trained exactly once an epoch, after what really came before
it.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.gru4rec.batches import batches, one_each, positions, windows

LENGTHS = [0, 1, 2, 3, 8, 9, 10, 17, 31, 5]


def histories() -> Histories:
    """User u has items 100 u, 100 u + 1, …: an item tells its user and its place."""
    return Histories.of_lists(
        [100 * user + np.arange(length) for user, length in enumerate(LENGTHS)]
    )


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_each_position_once_and_followed_by_its_successor(size):
    epoch = batches(histories(), 8, size, np.random.default_rng(0))
    pairs = [pair for batch in epoch for pair in zip(batch.inputs, batch.targets)]
    places = [
        100 * user + place for user, length in enumerate(LENGTHS) for place in range(length - 1)
    ]
    expected = [(place, place + 1) for place in places]
    assert sorted(pairs) == expected and positions(histories()) == len(expected)


def test_batch_is_packed_by_step():
    for batch in batches(histories(), 8, 20, np.random.default_rng(3)):
        assert batch.widths == sorted(batch.widths, reverse=True) and sum(batch.widths) == len(
            batch.inputs
        )
        steps = np.split(batch.inputs, np.cumsum(batch.widths)[:-1])
        for before, after in itertools.pairwise(steps):
            assert (after == before[: len(after)] + 1).all()


def test_long_histories_are_cut_at_changing_places():
    random, long = np.random.default_rng(0), Histories.of_lists([np.arange(101)])
    cuts = {tuple(windows(long, 20, random)[0].tolist()) for _ in range(50)}
    assert len(cuts) > 10
    starts, lengths = windows(long, 20, random)
    assert (
        lengths.max() <= 20
        and lengths.sum() == 100
        and (starts[1:] == (starts + lengths)[:-1]).all()
    )


def test_batches_hold_about_what_was_asked_and_change_from_epoch_to_epoch():
    random, many = (
        np.random.default_rng(0),
        Histories.of_lists([np.arange(n) for n in range(2, 60)]),
    )
    first, second = (list(batches(many, 30, 200, random)) for _ in range(2))
    assert all(len(batch.inputs) <= 200 + 30 for batch in first)
    assert [batch.inputs.tolist() for batch in first] != [batch.inputs.tolist() for batch in second]


def test_one_random_position_of_each_user_after_what_came_before_it():
    drawn = [
        list(batches(histories(), 8, 20, np.random.default_rng(seed), one=True))
        for seed in range(30)
    ]
    for epoch in drawn:
        pairs = [
            pair for batch in epoch for pair in zip(batch.inputs[batch.query_rows], batch.targets)
        ]
        assert all(target == before + 1 for before, target in pairs)
        assert sorted(target // 100 for _, target in pairs) == [
            user for user, length in enumerate(LENGTHS) if length > 1
        ]
        assert len(pairs) == positions(histories(), one=True)
    assert {
        target
        for epoch in drawn
        for batch in epoch
        for target in batch.targets
        if target // 100 == 4
    } == set(range(401, 408))
    lengths = np.concatenate(
        [one_each(histories(), 8, np.random.default_rng(seed))[1] for seed in range(30)]
    )
    assert lengths.max() == 8 and lengths.min() == 1


@pytest.mark.parametrize("one", [False, True])
def test_with_a_horizon_a_position_predicts_one_of_the_next_of_the_same_history(one):
    met = set()
    for seed in range(300):
        epoch = list(batches(histories(), 8, 20, np.random.default_rng(seed), one, horizon=3))
        pairs = [
            pair
            for batch in epoch
            for pair in zip(
                batch.inputs if batch.query_rows is None else batch.inputs[batch.query_rows],
                batch.targets,
            )
        ]
        assert len(pairs) == positions(histories(), one) and all(
            before // 100 == target // 100 for before, target in pairs
        )
        met |= {
            (before % 100, target - before) for before, target in pairs if before // 100 == 4
        }  # of eight items
    assert {ahead for place, ahead in met if place == 2} == {1, 2, 3}
    assert {ahead for place, ahead in met if place == 5} == {1, 2} and {
        ahead for place, ahead in met if place == 6
    } == {1}
