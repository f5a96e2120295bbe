"""Encoders in numpy are what their definitions say, read back, and fast enough to be asked at every page."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.encoders import MeanEncoder, ScalesEncoder, load_encoder, save_encoder
from tasks.core.errors import Corrupt
from tasks.core.histories import Histories

INPUTS = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
LISTS = [[3, 1, 7], [], [5], list(range(30))]
HISTORIES = Histories.of_lists(LISTS)


def mean(items: list[int], decay: float | None, last: int | None) -> np.ndarray:
    """The definition, item by item."""
    items = items[-last:] if last else items
    weights = [1.0 if decay is None else np.exp(-age / decay) for age in range(len(items))][::-1]
    return sum(weight * INPUTS[item] for weight, item in zip(weights, items)) / sum(weights) if items else np.zeros(6)


@pytest.mark.parametrize("last", [None, 2])
@pytest.mark.parametrize("constant", [False, True])
def test_scales_are_weighted_means_side_by_side_and_a_one_where_there_is_a_history(last, constant):
    encoder = ScalesEncoder(INPUTS, [None, 3.0], last, constant)
    expected = [np.concatenate([mean(items, None, last), mean(items, 3.0, last), [1.0 if items else 0.0] * constant]) for items in LISTS]
    found = encoder.encode(HISTORIES)
    assert found.dtype == np.float32 and found.shape == (4, encoder.dimension)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_one_scale_is_the_mean_encoder():
    assert (ScalesEncoder(INPUTS, [5.0]).encode(HISTORIES) == MeanEncoder(INPUTS, 5.0).encode(HISTORIES)).all()


@pytest.mark.parametrize("encoder", [ScalesEncoder(INPUTS, [None, 3.0], 4, True), MeanEncoder(INPUTS, 2.0)], ids=["scales", "mean"])
def test_an_encoder_read_back_makes_the_same_queries(tmp_path, encoder):
    save_encoder(tmp_path, encoder)
    for mmap in (False, True):
        again = load_encoder(tmp_path, mmap)
        assert again.dimension == encoder.dimension and (again.encode(HISTORIES) == encoder.encode(HISTORIES)).all()


def test_an_encoder_of_another_version_is_refused(tmp_path):
    (tmp_path / "encoder.json").write_text('{"kind": "oracle", "arrays": []}')
    with pytest.raises(Corrupt, match="oracle.*mean, scales, gru.*upgrade this reader"):
        load_encoder(tmp_path)
