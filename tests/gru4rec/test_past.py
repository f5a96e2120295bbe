"""A training that goes on from the champion: what it takes over, what is new, when it has to begin
anew.
"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from tasks.core.data.snapshot import Snapshot
from tasks.core.store.store import Store
from tasks.gru4rec import warm_start
from tasks.gru4rec.fit import fit
from tests import worlds
from tests.gru4rec.conftest import SMALL, candidate, random_model, request

FIRST, SECOND = "1998-04-15", "1998-04-16"
WARM = dataclasses.replace(SMALL, warm_start=True)


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """A champion of the first day; on the second the ring has become longer by ten items."""
    store = Store(tmp_path_factory.mktemp("days").as_uri())
    first = fit(
        dataclasses.replace(request(store, worlds.chained(users=150, items=70), "days"), day=FIRST)
    )
    second = worlds.snapshot(store, worlds.chained(users=150, items=80), SECOND, dataset="days")
    return store, first, second


def begin(days, **shape) -> tuple[bool, torch.nn.Module, torch.nn.Module]:
    """Whether the champion's weights were taken, the network as it was and as it is."""
    store, first, second = days
    snapshot = Snapshot(store.open(second, "snapshot"))
    network, before = (
        random_model(80, **{"dimension": SMALL.dimension, "hidden": SMALL.hidden, **shape})
        for _ in range(2)
    )
    return (
        warm_start.load_previous_weights(
            network, candidate(store, first), snapshot, snapshot.item_ids
        ),
        before,
        network,
    )


def test_known_items_and_the_encoder_are_the_champions_and_new_items_are_left_as_they_were(days):
    store, first, _ = days
    taken, before, network = begin(days)
    champion = candidate(store, first)
    then = champion.rows_of([f"{row + 1}" for row in range(80)])
    vectors, known = network.embedding.weight.detach().numpy(), then >= 0
    assert taken and known.sum() == 70
    np.testing.assert_array_equal(vectors[known], champion.vectors[then[known], :-1])
    np.testing.assert_array_equal(
        network.bias.detach().numpy()[known], champion.vectors[then[known], -1]
    )
    np.testing.assert_array_equal(vectors[~known], before.embedding.weight.detach().numpy()[~known])
    np.testing.assert_array_equal(
        network.encoder.layer.weight_hh_l0.detach().numpy(), champion.encoder.state_weights
    )


def test_another_shape_begins_anew(days, capsys):
    taken, before, network = begin(days, hidden=SMALL.hidden + 1)
    assert not taken and "encoder.layer.weight_hh_l0" in capsys.readouterr().err
    assert all(torch.equal(a, b) for a, b in zip(before.parameters(), network.parameters()))


def test_a_short_training_that_goes_on_learns_more_than_a_short_one_that_begins_anew(days):
    store, first, second = days
    short_settings = dataclasses.replace(
        request(store, worlds.chained(users=150, items=80), "days"), snapshot=second
    )
    short = dataclasses.replace(SMALL, epochs=2)
    cold = fit(dataclasses.replace(short_settings, settings=short))
    warm = fit(
        dataclasses.replace(
            short_settings,
            settings=dataclasses.replace(short, warm_start=True, warm_share=1),
            champion=first["uri"],
        )
    )
    made = candidate(store, warm)
    losses = [
        json.loads(one.artefact.file("training.json").read_text())["epochs"][-1]["metrics"][
            "train_loss"
        ]
        for one in (made, candidate(store, cold))
    ]
    assert losses[0] < losses[1] - 1, "nats a position"
    assert (
        made.artefact.lineage["champion"] == first["id"]
        and first["uri"] in made.artefact.lineage["parents"]
    )
    assert made.artefact.facts["stability"]["common_items"] == 70 and warm["id"] != cold["id"]
