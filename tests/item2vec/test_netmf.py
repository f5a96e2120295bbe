"""The closed form of walks: its matrix by hand, planted groups, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.histories import Histories
from tasks.core.store.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec import log_transitions, netmf
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tasks.item2vec.training import choose_trainer
from tests import worlds

LIKES = Histories.of_lists(
    [[0, 1, 2], [1, 2], [2, 3, 2]]
)  # the last user has item 2 twice: it counts √2


def cut(law: np.ndarray, met: np.ndarray, exponent: float, quantile: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        logs = np.log(law / met**exponent)
    return np.maximum(logs - np.quantile(logs[np.isfinite(logs)], quantile), 0)


@pytest.mark.parametrize("exponent", [0.0, 0.7])
def test_the_law_of_walks_is_that_of_two_steps(exponent, monkeypatch):
    monkeypatch.setattr(log_transitions, "BLOCK_ROWS", 3)
    x = np.array([[1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 2**0.5, 1]], float)
    step = (x / x.sum(axis=0)).T @ (x / x.sum(axis=1, keepdims=True))
    assert np.allclose(step.sum(axis=1), 1), "a law of transition"
    np.testing.assert_allclose(
        log_transitions.walk_transitions(LIKES, 4, exponent),
        cut(step, x.sum(axis=0), exponent, log_transitions.WALKS_QUANTILE),
        atol=1e-6,
    )


@pytest.mark.parametrize("exponent", [0.0, 0.7])
def test_the_law_of_sequences_looks_forward_and_weighs_the_nearest_most(exponent, monkeypatch):
    monkeypatch.setattr(log_transitions, "MAX_DISTANCE", 2)
    counts = np.array([[0, 1, 0.5, 0], [0, 0, 2, 0], [0, 0, 0.5, 1], [0, 0, 1, 0]])
    step = counts / counts.sum(axis=1, keepdims=True)
    expected = cut(
        step,
        np.maximum(step * 0 + counts.sum(axis=0), 1e-9),
        exponent,
        log_transitions.SEQUENCES_QUANTILE,
    )
    np.testing.assert_allclose(
        log_transitions.sequence_transitions(LIKES, 4, exponent), expected, atol=1e-6
    )


@pytest.mark.parametrize("corpus", ["walks", "sequences"])
def test_inputs_times_outputs_give_the_law(corpus):
    vectors = netmf.factorise(LIKES, np.ones(4, bool), 4, 0.7, 0, corpus)
    expected = netmf.LAWS[corpus](LIKES, 4, 0.7)[vectors.rows][:, vectors.rows]
    np.testing.assert_allclose(vectors.inputs @ vectors.outputs.T, expected, atol=1e-5)


def test_mixed_has_half_of_the_dimensions_from_each_law():
    random = np.random.default_rng(2)
    histories = Histories.of_lists([random.permutation(30)[:12].tolist() for _ in range(100)])
    vectors = netmf.factorise(histories, np.ones(30, bool), 9, 0.5, 0, "mixed")
    assert vectors.inputs.shape == (30, 9)
    np.testing.assert_allclose(np.linalg.norm(vectors.inputs[:, :5], axis=1), 1, atol=1e-5)
    for part, corpus in ((slice(0, 5), "walks"), (slice(5, 9), "sequences")):
        law = netmf.LAWS[corpus](histories, 30, 0.5)
        left, values, right = np.linalg.svd(law)
        width = part.stop - part.start
        best = left[:, :width] * values[:width] @ right[:width]
        lengths = np.linalg.norm(left[:, :width] * np.sqrt(values[:width]), axis=1, keepdims=True)
        np.testing.assert_allclose(
            vectors.inputs[:, part] @ vectors.outputs[:, part].T * lengths, best, atol=0.02
        )


def test_items_of_a_group_find_each_other_and_what_is_not_known_has_no_vector():
    random = np.random.default_rng(0)
    lists = [random.permutation(np.arange(10) * 2 + user % 2)[:6].tolist() for user in range(60)]
    known = np.ones(22, bool)
    known[3] = False  # 20 and 21 are liked by nobody
    vectors = netmf.factorise(Histories.of_lists(lists), known, 8, 0.5, seed=0)
    assert vectors.rows.tolist() == [0, 1, 2, *range(4, 20)]
    scores = vectors.inputs @ vectors.outputs.T
    same = vectors.rows[:, None] % 2 == vectors.rows % 2
    np.fill_diagonal(scores, 0)
    assert np.abs(scores * ~same).max() < 1e-4 and (scores * same).sum(axis=1).mean() > 0.1


def test_the_seed_hardly_matters():
    random = np.random.default_rng(1)
    histories = Histories.of_lists([random.permutation(60)[:12].tolist() for _ in range(200)])
    first, second = (netmf.factorise(histories, np.ones(60, bool), 8, 0.5, seed) for seed in (0, 1))
    np.testing.assert_allclose(
        first.inputs @ first.outputs.T, second.inputs @ second.outputs.T, atol=0.05
    )


def test_refuses_lists_of_one_and_catalogues_too_large():
    with pytest.raises(RefusedData, match="no two items of the vocabulary are liked by one user"):
        netmf.factorise(Histories.of_lists([[0], [1], []]), np.ones(2, bool), 4, 0.5, seed=0)
    with pytest.raises(
        BadRequest,
        match=r"got '20001 items'; expected at most 20000; remedy: set settings.trainer to gensim",
    ):
        choose_trainer(Settings(trainer="netmf"), 20_001)
    assert (choose_trainer(Settings(), 20_000), choose_trainer(Settings(), 20_001)) == (
        "netmf",
        "gensim",
    )


def test_lists_all_alike_are_refused_with_what_can_be_done():
    with pytest.raises(
        RefusedData,
        match=r"more often than by chance.*got '3 items, 5 users, 5 of them with two items or "
        "more'.*trainer to auto or gensim",
    ):
        netmf.factorise(Histories.of_lists([[0, 1, 2]] * 5), np.ones(3, bool), 4, 0.5, seed=0)


def test_what_rounding_leaves_of_a_row_of_zeros_is_no_vector():
    """Of pairs that share nothing the rarer ones are cut to zero; the factors of their rows are
    1e-17, not 0.
    """
    lists = [[item % 9] for item in range(60)] + [[2, 4], [3, 7], [6, 0], [1, 7]]
    lengths = np.linalg.norm(
        netmf.factorise(Histories.of_lists(lists), np.ones(9, bool), 8, 0.5, seed=0).inputs, axis=1
    )
    assert lengths.max() < 1e3 * lengths.min()


@pytest.mark.parametrize("trainer, trained", [("auto", True), ("netmf", False)])
def test_auto_goes_on_with_gensim_where_the_closed_form_has_nothing(tmp_path, trainer, trained):
    store, root = Store(tmp_path.as_uri()), tmp_path.as_uri()
    world = worlds.World(
        np.repeat(np.arange(12), 6).astype(np.int32),
        np.tile(np.arange(6), 12).astype(np.int32),
        np.full(72, 5.0, np.float32),
        worlds.START + np.arange(72, dtype=np.int64),
        np.zeros(12, np.int32),
        np.zeros(6, np.int32),
    )
    graph = build(
        BuildRequest(
            root, dataset="planted", snapshot=worlds.snapshot(store, world, test=1, validation=1)
        )
    )
    ask = FitRequest(
        root, graph["uri"], settings=Settings(trainer=trainer, dimension=4, epochs=2), track=False
    )
    if trained:
        assert fit(ask)["items"] == 6
    else:
        with pytest.raises(RefusedData, match="more often than by chance"):
            fit(ask)
