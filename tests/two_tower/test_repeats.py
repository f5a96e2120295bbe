"""Repeats in the towers: an example each, with the weight of its event."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tasks.core.cli.errors import BadRequest
from tasks.core.data.histories import Histories
from tasks.two_tower.examples import Liked
from tasks.two_tower.fit import fit
from tasks.two_tower.losses import in_batch
from tasks.two_tower.settings import FitRequest
from tests import degenerate, worlds
from tests.two_tower.conftest import SMALL


def test_every_event_is_an_example_after_what_came_before_it_with_its_weight():
    histories = dataclasses.replace(
        Histories.of_lists([[4, 4, 2, 4], [1]]), weights=np.array([1, 5, 1, 2, 3], np.float32)
    )
    batches = list(Liked(histories, 3).batches(100, np.random.default_rng(0)))
    found = sorted(
        (int(user), int(target), float(weight), batch.window[run, place : place + 3].tolist())
        for batch in batches
        for run, user in enumerate(batch.users)
        for place, (target, weight) in enumerate(zip(batch.targets[run], batch.weights[run]))
        if target >= 0
    )
    assert found == [
        (0, 2, 1, [-1, 4, 4]),
        (0, 4, 1, [-1, -1, -1]),
        (0, 4, 2, [4, 4, 2]),
        (0, 4, 5, [-1, -1, 4]),
        (1, 1, 3, [-1, -1, -1]),
    ]
    assert (
        next(
            Liked(dataclasses.replace(histories, weights=None), 3).batches(
                100, np.random.default_rng(0)
            )
        ).weights
        is None
    )


def test_an_example_of_weight_two_counts_as_two_of_weight_one():
    torch.manual_seed(0)
    queries, items, shares = torch.randn(2, 4), torch.randn(2, 5), torch.tensor([0.5, 0.5])
    targets = runs = torch.tensor([0, 1])
    alone = [
        in_batch(queries, items, targets, runs, shares, torch.tensor([float(one), float(not one)]))
        for one in (True, False)
    ]
    both = in_batch(queries, items, targets, runs, shares, torch.tensor([2.0, 1.0]))
    assert both.item() == pytest.approx((2 * alone[0] + alone[1]).item() / 3, rel=1e-5)
    ones = in_batch(queries, items, targets, runs, shares, torch.ones(2))
    assert ones.item() == pytest.approx(
        in_batch(queries, items, targets, runs, shares).item(), rel=1e-6
    )


def test_weights_of_events_are_no_ratings(store):
    world = worlds.repeating()
    taken = worlds.snapshot(
        store, world, dataset="weights", **worlds.event_facts(world, True, weighted=True)
    )
    with pytest.raises(BadRequest, match="'ratings' needs ratings that differ"):
        fit(
            FitRequest(
                store.root.as_uri(),
                "weights",
                taken,
                settings=dataclasses.replace(SMALL, loss="ratings"),
                track=False,
            )
        )


@pytest.mark.parametrize("name", degenerate.WORLDS)
def test_a_data_set_that_is_hardly_one_is_learned_or_refused_in_one_sentence(store, name):
    ended = degenerate.training(store, name, fit, FitRequest, dataclasses.replace(SMALL, epochs=2))
    if name != "one item":
        assert ended == "trained"
