"""A figure means what its file says: worked by hand for three users, and recomputed the slow way
for random ones.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.evaluate.lists import Lists
from tasks.evaluate.measure import ItemPopularity, measure
from tasks.evaluate.metrics import ACCURACY
from tasks.evaluate.metrics.tail import tail_of
from tests.evaluate import slow


def as_lists(rows: list[list[int]], k: int = 50) -> Lists:
    table = np.full((len(rows), k), -1, np.int32)
    for user, row in enumerate(rows):
        table[user, : len(row)] = row
    nobody = np.zeros(len(rows), bool)
    return Lists(table, table, nobody, nobody)


def test_three_users_by_hand():
    """User 0 finds both labels at ranks 1 and 3, user 1 one of four at rank 2, user 2 gets no
    list.
    """
    lists = as_lists([[0, 1, 2, 3], [4, 5, 6, 7], []])
    labels = Histories.of_lists([[0, 2, 2], [5, 90, 91, 92], [1]])
    found = measure(lists, labels, ItemPopularity.of(np.arange(100)[::-1], [None] * 100)).per_user
    log2 = math.log2
    expected = {
        "recall_10": [1, 1 / 4, 0],
        "precision_10": [0.2, 0.1, 0],
        "hr_10": [1, 1, 0],
        "mrr_10": [1, 1 / 2, 0],
        "map_10": [(1 + 2 / 3) / 2, (1 / 2) / 4, 0],
        "map_10_div_10": [(1 + 2 / 3) / 10, (1 / 2) / 10, 0],
        "ndcg_10": [
            (1 + 1 / log2(4)) / (1 + 1 / log2(3)),
            (1 / log2(3)) / (1 + 1 / log2(3) + 1 / log2(4) + 1 / log2(5)),
            0,
        ],
        "recall_50_kept": [1, 1 / 4, 0],
    }
    for name, values in expected.items():
        assert found[name] == pytest.approx(values), name
    assert found["mean_popularity_rank_50"][:2] == pytest.approx([2.5, 6.5]) and np.isnan(
        found["mean_popularity_rank_50"][2]
    )


def test_every_metric_equals_its_definition_on_random_lists():
    random = np.random.default_rng(0)
    genres = [{f"g{random.integers(5)}" for _ in range(random.integers(0, 4))} for _ in range(80)]
    rows = [
        random.permutation(80)[: random.choice([0, 3, 10, 60])][:50].tolist() for _ in range(200)
    ]
    labels = [random.integers(0, 80, random.integers(1, 70)).tolist() for _ in range(200)]
    counts = random.integers(0, 9, 80)
    measured = measure(
        as_lists(rows),
        Histories.of_lists(labels),
        ItemPopularity.of(counts, [sorted(one) for one in genres]),
    )
    by_hand = [slow.accuracy(row, set(label)) for row, label in zip(rows, labels)]
    assert set(by_hand[0]) == set(ACCURACY)
    for name in ACCURACY:
        assert measured.per_user[name] == pytest.approx(
            [one[name] for one in by_hand], abs=1e-12
        ), name
        assert measured.overall[name] == pytest.approx(np.mean([one[name] for one in by_hand])), (
            name
        )
    tail = tail_of(np.argsort(-counts, kind="stable"))
    for user, (row, label) in enumerate(zip(rows, labels)):
        for name, part in (("tail", tail), ("head", ~tail)):
            wanted = {item for item in label if part[item]}
            got = measured.per_user[f"recall_50_{name}"][user]
            assert (
                np.isnan(got)
                if not wanted
                else got == pytest.approx(len(wanted & set(row)) / len(wanted))
            )
        assert measured.per_user["tail_share_50"][user] == pytest.approx(
            sum(tail[item] for item in row) / 50
        )
        got = measured.per_user["diversity_10"][user]
        assert (
            np.isnan(got)
            if len(row) < 2
            else got == pytest.approx(slow.diversity(row[:10], genres))
        )
    assert measured.overall["coverage_10"] == len({item for row in rows for item in row[:10]}) / 80


def test_a_perfect_list_scores_one_and_adding_a_hit_never_lowers_a_figure():
    random = np.random.default_rng(1)
    labels = [random.permutation(60)[: random.integers(1, 10)].tolist() for _ in range(50)]
    perfect = measure(
        as_lists(labels), Histories.of_lists(labels), ItemPopularity.of(np.ones(60), [None] * 60)
    )
    for name in ("recall_10", "ndcg_10", "map_10", "mrr_10", "hr_10"):
        assert perfect.overall[name] == pytest.approx(1), name
    cut = measure(
        as_lists([row[:-1] for row in labels]),
        Histories.of_lists(labels),
        ItemPopularity.of(np.ones(60), [None] * 60),
    )
    for name in ACCURACY:
        assert (cut.per_user[name] <= perfect.per_user[name] + 1e-12).all(), name


def test_the_tail_is_all_but_the_most_popular_fifth():
    order = np.random.default_rng(0).permutation(11)
    assert set(np.flatnonzero(~tail_of(order))) == set(order[:3])
