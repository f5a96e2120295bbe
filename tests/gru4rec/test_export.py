"""What is served is what was trained: the encoder in numpy gives torch's queries, for every kind of
history.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.core.data.histories import Histories
from tasks.core.retrieval.encoders import load_encoder, save_encoder
from tasks.gru4rec import export
from tasks.gru4rec.batches import pack
from tasks.gru4rec.settings import Settings
from tests.gru4rec.conftest import random_histories, random_model


def torch_query(model, items: np.ndarray) -> np.ndarray:
    """(interests (d + 1)): the network's query after the last of these items."""
    packed = pack(items, items, np.array([0]), np.array([len(items)]))
    with torch.no_grad():
        last = (
            model.eval()(torch.from_numpy(packed.inputs), packed.widths)[-1]
            .reshape(-1, model.shape.dimension)
            .numpy()
        )
    return np.hstack([last, np.ones((len(last), 1), np.float32)]).ravel()


def numpys(model, window: int = 200):
    """The encoder that is served for this network."""
    shape = model.shape
    return export.encoder(
        model.state_dict(),
        Settings(
            encoder=shape.encoder,
            dimension=shape.dimension,
            hidden=shape.hidden,
            window=window,
            blocks=shape.blocks,
            heads=shape.heads,
            interests=shape.interests,
        ),
    )


@pytest.mark.parametrize(
    ("dimension", "hidden", "kind"),
    [
        (8, 12, {}),
        (64, 256, {}),
        (8, 12, {"interests": 3}),
        (8, 16, {"encoder": "sasrec"}),
        (64, 256, {"encoder": "sasrec", "heads": 2}),
        (8, 12, {"encoder": "sasrec", "blocks": 3, "heads": 4, "interests": 2}),
    ],
)
def test_queries_equal_torch(dimension, hidden, kind):
    model = random_model(dimension=dimension, hidden=hidden, **kind)
    histories = random_histories([1, 2, 3, 50, 20, 20, 7, 90], 40)
    expected = np.stack([torch_query(model, histories[user]) for user in range(len(histories))])
    np.testing.assert_allclose(numpys(model).encode(histories), expected, atol=1e-5)


def test_scores_equal_torch():
    model, histories = random_model(), random_histories([5, 9], 40)
    queries = numpys(model).encode(histories)
    expected = torch.from_numpy(queries[:, :-1]) @ model.embedding.weight.T + model.bias
    np.testing.assert_allclose(
        queries @ export.candidates(model.state_dict()).T, expected.detach(), atol=1e-5
    )


@pytest.mark.parametrize("encoder", ["gru", "sasrec"])
def test_a_user_alone_and_in_a_crowd_has_the_same_query(encoder):
    model = random_model(encoder=encoder)
    lengths = np.random.default_rng(2).integers(0, 120, 700).tolist()
    served, crowd = numpys(model), random_histories(lengths, 40)
    together = served.encode(crowd)
    for user in (0, 13, 350, 699):
        np.testing.assert_allclose(
            served.encode(crowd.select_users(np.array([user])))[0], together[user], atol=1e-6
        )


def test_an_empty_history_has_a_query_of_zeros_and_nobody_is_no_error():
    encoder = numpys(random_model())
    queries = encoder.encode(Histories.of_lists([[], [3], []]))
    assert not queries[[0, 2]].any() and queries[1].any()
    assert encoder.encode(Histories.of_lists([])).shape == (0, 9)


@pytest.mark.parametrize("encoder", ["gru", "sasrec"])
def test_only_the_newest_items_within_the_window_are_read(encoder):
    model, histories = random_model(encoder=encoder), random_histories([30], 40)
    short = numpys(model, 10).encode(histories)
    np.testing.assert_allclose(short[0], torch_query(model, histories[0][-10:]), atol=1e-5)


def test_item_vectors_of_unit_length_on_request():
    vectors = export.candidates(random_model().state_dict(), unit_items=True)
    np.testing.assert_allclose(np.linalg.norm(vectors[:, :-1], axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("kind", [{}, {"encoder": "sasrec", "heads": 2}, {"interests": 3}])
def test_an_encoder_reads_back_from_its_files(tmp_path, kind):
    served, histories = numpys(random_model(**kind)), random_histories([4, 9, 0], 40)
    save_encoder(tmp_path, served)
    assert np.array_equal(load_encoder(tmp_path).encode(histories), served.encode(histories))
