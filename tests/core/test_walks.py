"""Walks under every law: the exact law, the same for a seed whatever computes them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.stats

from tasks.core.cli.errors import BadRequest, Corrupt, RefusedData
from tasks.core.data.graph import LAWS, Graph, Tables
from tasks.core.models.walks import walk
from tasks.core.store.arrays import save
from tasks.core.store.store import Store
from tests import graphs
from tests.graphs import FIVE

GRAPHS, WEIGHTS = graphs.five(), graphs.weights()
every_law = pytest.mark.parametrize("law", list(GRAPHS))


def chance(counts: np.ndarray, weights: np.ndarray) -> float:
    """The p-value of the frequencies (Pearson 1900), each row against its own weights."""
    possible = weights > 0
    expected = (
        counts.sum(-1, keepdims=True) * weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)
    )
    assert not counts[~possible].any()
    statistic = ((counts - expected)[possible] ** 2 / expected[possible]).sum()
    return scipy.stats.chi2.sf(statistic, possible.sum() - possible.any(-1).sum())


def test_every_law_is_planted():
    assert GRAPHS.keys() == LAWS.keys()


@every_law
def test_transition_frequencies_are_the_law(law):
    walks = walk(GRAPHS[law], 0, 100_000, 11, seed=3)
    counts = np.zeros((6, 6))
    np.add.at(counts, (walks[:, :-1].ravel(), walks[:, 1:].ravel()), 1)
    assert chance(counts, WEIGHTS[law]) > 0.01


@every_law
def test_entrance_and_every_later_place_follow_strength(law):
    walks, strength = walk(GRAPHS[law], 0, 200_000, 6, seed=4), WEIGHTS[law].sum(1)
    for place in (0, 1, 5):
        assert chance(np.bincount(walks[:, place], minlength=6), strength) > 0.01, place


def slow_walk(tables: Tables, number: int, length: int, seed: int) -> list[int]:
    """One walk in plain Python, from splitmix64 as published and the layout in
    `tasks.core.data.graph`.
    """

    def mix(x):
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        return x ^ x >> 31

    def drawn(slots, bits):
        threshold, one, other = slots[(bits >> 32) * len(slots) >> 32].tolist()
        return one if bits % 2**32 < threshold else other

    golden = 0x9E3779B97F4A7C15
    stream = (
        mix(seed + golden) + number * 2 * length * golden + k * golden for k in range(2 * length)
    )
    draw = (mix(x % 2**64) for x in stream)
    met = [drawn(tables.entrance, next(draw))]
    while len(met) < length:
        here = met[-1]
        reached = drawn(
            tables.slots[tables.item_offsets[here] : tables.item_offsets[here + 1]], next(draw)
        )
        if not hasattr(tables, "user_items"):
            met.append(reached)
            continue
        own, bits = (
            slice(tables.user_offsets[reached], tables.user_offsets[reached + 1]),
            next(draw),
        )
        items = tables.user_items[own].tolist()
        if not hasattr(tables, "row_weights"):
            found = items[(bits >> 32) * (len(items) - 1) >> 32]
            met.append(found if found != here else items[-1])
            continue
        found = drawn(tables.user_slots[own], bits)
        if found == here:
            others, weights = zip(
                *[
                    (item, weight)
                    for item, weight in zip(items, tables.row_weights[own].tolist())
                    if item != here
                ]
            )
            left = (mix(bits ^ 0xD6E8FEB86659FD93) >> 11) / 2**53 * sum(weights)
            found = next(
                item
                for at, item in enumerate(others)
                if left < sum(weights[: at + 1]) or at == len(others) - 1
            )
        met.append(found)
    return met


LITERAL = {
    "cooccurrence": [[0, 4, 3, 2, 0], [2, 0, 1, 2, 4], [0, 3, 4, 0, 3], [1, 0, 2, 4, 3]],
    "degree-penalised": [[4, 3, 4, 2, 3], [0, 4, 0, 3, 0], [0, 4, 0, 3, 0], [1, 0, 1, 2, 3]],
    "window": [[1, 2, 1, 2, 1], [2, 1, 2, 0, 3], [0, 1, 2, 3, 4], [1, 0, 2, 0, 2]],
}


@every_law
def test_literal_walks_of_a_seed(law):
    assert walk(GRAPHS[law], 0, 4, 5, seed=0).tolist() == LITERAL[law]


@every_law
@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_block_walks_are_those_of_the_plain_reading(law, seed):
    assert walk(GRAPHS[law], 7, 200, 6, seed).tolist() == [
        slow_walk(GRAPHS[law], 7 + w, 6, seed) for w in range(200)
    ]


@every_law
@pytest.mark.parametrize("count", [1, 63, 64, 1001])
def test_same_walks_with_one_thread_and_two_and_in_parts(law, count):
    whole = walk(GRAPHS[law], 0, count, 7, seed=5)
    assert (walk(GRAPHS[law], 0, count, 7, seed=5, threads=2) == whole).all()
    half = count // 2
    assert (
        np.concatenate(
            [walk(GRAPHS[law], 0, half, 7, 5), walk(GRAPHS[law], half, count - half, 7, 5)]
        )
        == whole
    ).all()


def test_seeds_differ_and_walks_do_not_repeat():
    assert (walk(FIVE, 0, 1000, 12, seed=1) != walk(FIVE, 0, 1000, 12, seed=2)).mean() > 0.5
    assert len(np.unique(walk(FIVE, 0, 1000, 12, seed=1), axis=0)) > 990


@every_law
def test_a_walk_of_length_one_is_the_item_at_which_it_enters_and_isolated_items_are_not_met(law):
    walks = walk(GRAPHS[law], 0, 1000, 1, seed=0)
    assert walks.shape == (1000, 1) and set(walks.ravel()) == {0, 1, 2, 3, 4}


def test_a_walk_of_no_item_is_refused():
    with pytest.raises(BadRequest, match="length 0"):
        walk(FIVE, 0, 10, 0, seed=0)


@every_law
def test_a_graph_without_an_edge_is_refused(law):
    empty = dataclasses.replace(
        GRAPHS[law], item_offsets=np.zeros(7, np.int64), slots=np.zeros((0, 3), np.uint32)
    )
    with pytest.raises(RefusedData, match="no edge"):
        walk(empty, 0, 10, 5, seed=0)


@every_law
def test_self_loops_do_not_exist(law):
    walks = walk(GRAPHS[law], 0, 10_000, 8, seed=9)
    assert (walks[:, 1:] != walks[:, :-1]).all()


@pytest.mark.parametrize(
    "facts",
    [
        {"law": "window", "law_version": 99},
        {"law": "second-order", "law_version": 1},
        {"law": "cooccurrence"},
    ],
)
def test_a_law_that_is_not_known_is_refused(tmp_path, facts):
    store = Store(tmp_path.as_uri())
    with store.writing("graph", "graphs", "planted", "1998-04-15", "abc") as draft:
        for field in dataclasses.fields(FIVE):
            save(draft.path / f"{field.name}.npy", getattr(FIVE, field.name))
        draft.facts = facts
    with pytest.raises(Corrupt, match=r"cannot be read here.*got .*version.*build the graph again"):
        _ = Graph(store.find("graphs", "planted", "1998-04-15", "abc")).tables
