"""Encoders in numpy are what their definitions say, read back, and fast enough to be asked at every
page.
"""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.cli.errors import Corrupt
from tasks.core.data.histories import Histories
from tasks.core.retrieval.encoders import (
    FusedEncoder,
    MeanEncoder,
    ScalesEncoder,
    load_encoder,
    save_encoder,
)
from tasks.core.retrieval.encoders.fused import Member

INPUTS = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
LISTS = [[3, 1, 7], [], [5], list(range(30))]
HISTORIES = Histories.of_lists(LISTS)


def mean(items: list[int], decay: float | None, last: int | None) -> np.ndarray:
    """The definition, item by item."""
    items = items[-last:] if last else items
    weights = [1.0 if decay is None else np.exp(-age / decay) for age in range(len(items))][::-1]
    return (
        sum(weight * INPUTS[item] for weight, item in zip(weights, items)) / sum(weights)
        if items
        else np.zeros(6)
    )


@pytest.mark.parametrize("last", [None, 2])
@pytest.mark.parametrize("constant", [False, True])
def test_scales_are_weighted_means_side_by_side_and_a_one_where_there_is_a_history(last, constant):
    encoder = ScalesEncoder(INPUTS, [None, 3.0], last, constant)
    expected = [
        np.concatenate(
            [mean(items, None, last), mean(items, 3.0, last), [1.0 if items else 0.0] * constant]
        )
        for items in LISTS
    ]
    found = encoder.encode(HISTORIES)
    assert found.dtype == np.float32 and found.shape == (4, encoder.dimension)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_one_scale_is_the_mean_encoder():
    assert (
        ScalesEncoder(INPUTS, [5.0]).encode(HISTORIES) == MeanEncoder(INPUTS, 5.0).encode(HISTORIES)
    ).all()


def encoders() -> list:
    return [ScalesEncoder(INPUTS, [None, 3.0], 4, True), MeanEncoder(INPUTS, 2.0), fusion()]


@pytest.mark.parametrize("encoder", range(3))
def test_an_encoder_read_back_makes_the_same_queries(tmp_path, encoder):
    encoder = encoders()[encoder]
    save_encoder(tmp_path, encoder)
    for mmap in (False, True):
        again = load_encoder(tmp_path, mmap)
        assert (
            again.dimension == encoder.dimension
            and (again.encode(HISTORIES) == encoder.encode(HISTORIES)).all()
        )


def fusion() -> FusedEncoder:
    """One member knows every item but the first five, and is divided by a spread; the other is
    reduced to two dimensions.
    """
    random = np.random.default_rng(4)
    rows = np.where(np.arange(40) < 5, -1, np.arange(40) - 5).astype(np.int32)
    narrow = random.standard_normal((6, 2)).astype(np.float32)
    return FusedEncoder(
        [
            Member(
                "gru4rec",
                MeanEncoder(INPUTS[5:]),
                rows,
                0.25,
                spread=random.standard_normal((6, 3)).astype(np.float32),
            ),
            Member(
                "linear",
                ScalesEncoder(INPUTS, [3.0]),
                np.arange(40, dtype=np.int32),
                2.0,
                reduction=narrow,
            ),
        ]
    )


def test_a_fused_query_is_the_members_side_by_side(tmp_path):
    encoder, (one, two) = fusion(), fusion().members
    found = encoder.encode(HISTORIES)
    assert found.shape == (4, 8) and encoder.blocks == {
        "gru4rec": slice(0, 6),
        "linear": slice(6, 8),
    }
    for user, items in enumerate(LISTS):
        own = mean([item for item in items if item >= 5], None, None)
        np.testing.assert_allclose(
            found[user, :6], 0.25 * own / max(np.linalg.norm(own @ one.spread), 1e-9), atol=1e-5
        )
        np.testing.assert_allclose(
            found[user, 6:], 2 * mean(items, 3.0, None) @ two.reduction, atol=1e-5
        )
    assert encoder.knows(Histories.of_lists([[], [3], [9]])).tolist() == [False, True, True], (
        "the second member knows item 3"
    )
    assert not encoder.encode(Histories.of_lists([[3]]))[0, :6].any(), (
        "to the first all items are alike then"
    )


def test_a_fusion_with_an_unknown_member_is_refused(tmp_path):
    save_encoder(tmp_path, fusion())
    text = (tmp_path / "encoder.json").read_text()
    (tmp_path / "encoder.json").write_text(text.replace('"kind": "scales"', '"kind": "oracle"'))
    with pytest.raises(Corrupt, match=r"member linear.*oracle.*upgrade this reader"):
        load_encoder(tmp_path)


def test_an_encoder_of_another_version_is_refused(tmp_path):
    (tmp_path / "encoder.json").write_text('{"kind": "oracle", "arrays": []}')
    with pytest.raises(Corrupt, match=r"oracle.*mean, scales, gru.*upgrade this reader"):
        load_encoder(tmp_path)
