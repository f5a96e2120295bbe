"""What is served is what was trained: towers in numpy give torch's vectors, whatever is known of a
user.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders import load_encoder, save_encoder
from tasks.two_tower import export
from tasks.two_tower.examples import Batch, window
from tasks.two_tower.trainer import Trainer
from tasks.two_tower.training_data import read_training_data
from tests import worlds
from tests.two_tower.conftest import SMALL, request, with_new_items

SETTINGS = dataclasses.replace(
    SMALL, window=7, history_decays=(1.5, 6.0), id_dropout=0.0, feature_dropout=0.0
)


@pytest.fixture(scope="module")
def built(store):
    """A random model over a planted world, and what is exported of it."""
    fit_request = request(
        store, with_new_items(worlds.grouped(users=30, items=40, likes=9)), "export", SETTINGS
    )
    snapshot = Snapshot(store.open(fit_request.snapshot, "snapshot"))
    world = read_training_data(snapshot, SETTINGS)
    made = Trainer(SETTINGS, world, 0, torch.device("cpu"))
    with torch.no_grad():
        for parameter in made.model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    made.model.eval()
    weights = made.model.state_dict()
    vectors = export.candidates(weights, world)
    return (
        snapshot,
        world,
        made,
        vectors,
        export.encoder(
            weights, vectors, world, snapshot.user_ids, SETTINGS.history_decays, SETTINGS.window
        ),
    )


def torch_queries(made: Trainer, world, histories: Histories, users: np.ndarray) -> np.ndarray:
    """(q, d + 1): the network's query after the whole history of each of these users of the
    snapshot.
    """
    random = np.random.default_rng(0)
    starts = histories.lengths
    batch = Batch(
        users,
        window(histories, np.arange(len(users)), starts, SETTINGS.window, 1),
        np.zeros((len(users), 1), np.int64),
    )
    with torch.no_grad():
        items = np.arange(len(world.counts))
        vectors = made.items(items, np.ones(len(items), bool))
        at = np.where(batch.window >= 0, batch.window, len(items))
        queries = made._queries(
            made._history(vectors, at, batch, random)[:, 0], torch.arange(len(users)), users, random
        ).numpy()
    return np.hstack([queries, np.ones((len(users), 1), np.float32)])


def test_every_item_has_torchs_vector(built):
    _, _world, made, vectors, _ = built
    with torch.no_grad():
        expected = made.items(np.arange(len(vectors)), np.ones(len(vectors), bool)).numpy()
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_queries_equal_torch_for_every_length_of_history(built):
    snapshot, world, made, _, encoder = built
    random = np.random.default_rng(1)
    histories = Histories.of_lists(
        [random.integers(0, 52, length) for length in (0, 1, 2, 6, 7, 8, 30, 0, 5)]
    )
    users = np.arange(9)
    expected = torch_queries(made, world, histories, users)
    np.testing.assert_allclose(
        encoder.encode(histories, snapshot.attributes(users=users)), expected, atol=1e-5
    )


def test_a_user_alone_and_in_a_crowd_has_the_same_query(built, monkeypatch):
    snapshot, _, _, _, encoder = built
    histories, users = snapshot.histories("train"), snapshot.attributes()
    whole = encoder.encode(histories, users)
    monkeypatch.setattr(type(encoder), "BLOCK", 7)
    np.testing.assert_allclose(encoder.encode(histories, users), whole, atol=1e-5)


def test_it_reads_back_as_it_was_written(built, tmp_path):
    snapshot, _, _, _, encoder = built
    save_encoder(tmp_path, encoder)
    back = load_encoder(tmp_path, mmap=True)
    histories, users = snapshot.histories("train"), snapshot.attributes()
    assert back.columns == encoder.columns == ("group", "id")
    np.testing.assert_array_equal(back.encode(histories, users), encoder.encode(histories, users))


def test_an_id_that_is_a_number_is_taken_as_its_text(built):
    encoder, nothing = built[4], Histories.of_lists([[]])
    one, other = (encoder.encode(nothing, UserAttributes.of_one({"id": id})) for id in ("7", 7))
    assert one.any() and np.array_equal(one, other)
