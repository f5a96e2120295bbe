"""What is served is what was trained: the encoder in numpy gives torch's queries, for every kind of history."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.core.histories import Histories
from tasks.gru4rec import export
from tasks.gru4rec.batches import pack
from tests.gru4rec.conftest import random_histories, random_model


def torch_query(model, items: np.ndarray) -> np.ndarray:
    """(d + 1): the network's query after the last of these items."""
    packed = pack(np.append(items, 0), np.array([0]), np.array([len(items)]))
    with torch.no_grad():
        return np.append(model.eval()(torch.from_numpy(packed.inputs), packed.widths)[-1].numpy(), 1)


@pytest.mark.parametrize(("dimension", "hidden"), [(8, 12), (64, 256)])
def test_queries_equal_torch(dimension, hidden):
    model = random_model(dimension=dimension, hidden=hidden)
    histories = random_histories([1, 2, 3, 50, 20, 20, 7, 90], 40)
    expected = np.stack([torch_query(model, histories[user]) for user in range(len(histories))])
    np.testing.assert_allclose(export.encoder(model.state_dict(), 200).encode(histories), expected, atol=1e-5)


def test_scores_equal_torch():
    model, histories = random_model(), random_histories([5, 9], 40)
    queries = export.encoder(model.state_dict(), 200).encode(histories)
    expected = torch.from_numpy(queries[:, :-1]) @ model.embedding.weight.T + model.bias
    np.testing.assert_allclose(queries @ export.candidates(model.state_dict()).T, expected.detach(), atol=1e-5)


def test_a_user_alone_and_in_a_crowd_has_the_same_query():
    model = random_model()
    lengths = np.random.default_rng(2).integers(0, 120, 700).tolist()
    encoder, crowd = export.encoder(model.state_dict(), 200), random_histories(lengths, 40)
    together = encoder.encode(crowd)
    for user in (0, 13, 350, 699):
        np.testing.assert_allclose(encoder.encode(crowd.take(np.array([user])))[0], together[user], atol=1e-6)


def test_an_empty_history_has_a_query_of_zeros_and_nobody_is_no_error():
    encoder = export.encoder(random_model().state_dict(), 200)
    queries = encoder.encode(Histories.of_lists([[], [3], []]))
    assert not queries[[0, 2]].any() and queries[1].any()
    assert encoder.encode(Histories.of_lists([])).shape == (0, 9)


def test_only_the_newest_items_within_the_window_are_read():
    model, histories = random_model(), random_histories([30], 40)
    short = export.encoder(model.state_dict(), 10).encode(histories)
    np.testing.assert_allclose(short[0], torch_query(model, histories[0][-10:]), atol=1e-5)
