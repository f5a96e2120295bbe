"""The closed form of walks: its matrix by hand, planted groups, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.errors import BadRequest, RefusedData
from tasks.core.histories import Histories
from tasks.item2vec import netmf
from tasks.item2vec.learning import trainer_of
from tasks.item2vec.settings import Settings

LIKES = Histories.of_lists([[0, 1, 2], [1, 2], [2, 3, 2]])  # the last user has item 2 twice: it counts once


def by_hand(exponent: float) -> np.ndarray:
    x = np.array([[1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1]], float)
    step = (x / x.sum(axis=0)).T @ (x / x.sum(axis=1, keepdims=True))
    assert np.allclose(step.sum(axis=1), 1), "a law of transition"
    with np.errstate(divide="ignore"):
        logs = np.log(step / x.sum(axis=0) ** exponent)
    return np.maximum(logs - np.quantile(logs[np.isfinite(logs)], netmf.QUANTILE), 0)


@pytest.mark.parametrize("exponent", [0.0, 0.7])
def test_inputs_times_outputs_give_the_shifted_logarithm_of_the_two_step_law(exponent, monkeypatch):
    monkeypatch.setattr(netmf, "BLOCK", 3)
    vectors = netmf.factorise(LIKES, np.ones(4, bool), 4, exponent, seed=0)
    expected = by_hand(exponent)[vectors.rows][:, vectors.rows]
    np.testing.assert_allclose(vectors.inputs @ vectors.outputs.T, expected, atol=1e-5)


def test_items_of_a_group_find_each_other_and_what_is_not_known_has_no_vector():
    random = np.random.default_rng(0)
    lists = [random.permutation(np.arange(10) * 2 + user % 2)[:6].tolist() for user in range(60)]
    known = np.ones(22, bool)
    known[3] = False  # 20 and 21 are liked by nobody
    vectors = netmf.factorise(Histories.of_lists(lists), known, 8, .5, seed=0)
    assert vectors.rows.tolist() == [0, 1, 2, *range(4, 20)]
    scores = vectors.inputs @ vectors.outputs.T
    np.fill_diagonal(scores, -np.inf)
    assert (vectors.rows[scores.argmax(axis=1)] % 2 == vectors.rows % 2).all()


def test_the_seed_hardly_matters():
    random = np.random.default_rng(1)
    histories = Histories.of_lists([random.permutation(60)[:12].tolist() for _ in range(200)])
    first, second = (netmf.factorise(histories, np.ones(60, bool), 8, .5, seed) for seed in (0, 1))
    np.testing.assert_allclose(first.inputs @ first.outputs.T, second.inputs @ second.outputs.T, atol=.05)


def test_refuses_lists_of_one_and_catalogues_too_large():
    with pytest.raises(RefusedData, match="no two items of the vocabulary are liked by one user"):
        netmf.factorise(Histories.of_lists([[0], [1], []]), np.ones(2, bool), 4, .5, seed=0)
    with pytest.raises(BadRequest, match="got '20001 items'; expected at most 20000; remedy: set settings.trainer to gensim"):
        trainer_of(Settings(trainer="netmf"), 20_001)
    assert (trainer_of(Settings(), 20_000), trainer_of(Settings(), 20_001)) == ("netmf", "gensim")
