"""The closed forms against their definitions, solved by brute force, and against planted laws."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.models.decoders import causal
from tasks.core.models.decoders.causal import Causal
from tasks.core.models.decoders.leave_one_out import LeaveOneOut
from tasks.core.retrieval.encoders import ScalesEncoder
from tasks.core.retrieval.unit_rows import unit_rows

RANDOM = np.random.default_rng(0)
INPUTS = unit_rows(RANDOM.standard_normal((12, 4))).astype(np.float32)
LISTS = [
    RANDOM.permutation(11)[: RANDOM.integers(1, 8)].tolist() for _ in range(25)
]  # item 11 is liked by nobody
HISTORIES = Histories.of_lists(LISTS)


TWICE = Histories.of_lists([[*items, items[0]] for items in LISTS])


@pytest.mark.parametrize("ridge", [1.0, 100.0])
@pytest.mark.parametrize(
    "histories, first", [(HISTORIES, 1.0), (TWICE, 2**0.5)], ids=["once", "twice"]
)
def test_leave_one_out_is_a_ridge_regression_on_lists_without_the_item(histories, first, ridge):
    """By definition: min over o_i of Σ_u (x_ui − o_i · (z_u − x_ui w_i))² + λ Σ_j (o_i · w_j)²; an
    item met twice counts √2.
    """
    likes = np.zeros((len(LISTS), 12))
    for user, items in enumerate(LISTS):
        likes[user, items], likes[user, items[0]] = 1, first
    w = INPUTS.astype(np.float64)
    found = LeaveOneOut(INPUTS, histories).outputs(ridge)
    for item in range(12):
        rest = likes.copy()
        rest[:, item] = 0
        z = rest @ w
        expected = np.linalg.solve(z.T @ z + ridge * w.T @ w, z.T @ likes[:, item])
        np.testing.assert_allclose(found[item], expected, atol=1e-5)


def test_decoders_leave_the_histories_as_they_are():
    before = HISTORIES.items.copy()
    LeaveOneOut(INPUTS, HISTORIES)
    Causal(INPUTS, HISTORIES, (3.0,), 2.0)
    assert (HISTORIES.items == before).all()


def test_leave_one_out_gives_no_vector_to_an_item_that_stands_alone():
    outputs = LeaveOneOut(INPUTS, Histories.of_lists([*LISTS, [11]])).outputs(10)
    assert not outputs[11].any() and outputs[:11].any(axis=1).all()


@pytest.mark.parametrize("horizon", [None, 2.0])
def test_causal_is_a_ridge_regression_of_what_follows_on_the_query_that_is_served(
    horizon, monkeypatch
):
    monkeypatch.setattr(causal, "BLOCK_ROWS", 10)  # several blocks
    decays, ridge = (1.5, None), 0.1
    encoder = ScalesEncoder(INPUTS, decays, constant=True)
    pairs = [(items[:t], items[t:]) for items in LISTS for t in range(1, len(items))]
    x = encoder.encode(Histories.of_lists([before for before, _ in pairs])).astype(np.float64)
    targets = np.zeros((len(pairs), 12))
    for row, (_, after) in enumerate(pairs):
        for later, item in enumerate(after[: None if horizon else 1]):
            targets[row, item] += 1 if later == 0 else np.exp(-later / horizon)
    moments = x.T @ x
    shrink = np.full(len(moments), ridge * np.trace(moments) / len(moments))
    shrink[-1] *= causal.INTERCEPT_RIDGE_SHARE
    expected = np.linalg.solve(moments + np.diag(shrink), x.T @ targets).T
    np.testing.assert_allclose(
        Causal(INPUTS, HISTORIES, decays, horizon).outputs(ridge), expected, atol=1e-4
    )


def test_causal_recovers_a_planted_law_that_a_mean_cannot_see():
    """The next item is the last one plus 1 for users who began at an even item, plus 2 for the
    others: both scales are needed.
    """
    inputs = np.eye(20, dtype=np.float32)
    ring = [
        [(start + (1 if start % 2 == 0 else 2) * step) % 20 for step in range(8)]
        for start in range(20)
        for _ in range(5)
    ]
    decays = (0.01, None)
    outputs = Causal(inputs, Histories.of_lists(ring), decays).outputs(1e-3)
    encoder = ScalesEncoder(inputs, decays, constant=True)
    histories, answers = [one[:4] for one in ring], np.array([one[4] for one in ring])
    scores = encoder.encode(Histories.of_lists(histories)) @ outputs.T
    assert (scores.argmax(axis=1) == answers).mean() > 0.9
    single = Causal(inputs, Histories.of_lists(ring), (0.01,)).outputs(1e-3)
    newest = (
        ScalesEncoder(inputs, (0.01,), constant=True).encode(Histories.of_lists(histories))
        @ single.T
    )
    assert (newest.argmax(axis=1) == answers).mean() < 0.8


def test_causal_gives_no_vector_to_an_item_that_never_follows():
    outputs = Causal(INPUTS, Histories.of_lists([[11, *items] for items in LISTS]), (2.0,)).outputs(
        0.1
    )
    assert not outputs[11].any() and outputs[:11].any(axis=1).all()
