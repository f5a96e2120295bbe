"""The law `window`: edges by plain counting, and a day's update that equals a new build."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.store.store import Store
from tasks.graph import edges as module
from tasks.graph.changes import Changes, RowMapping
from tasks.graph.edges import buckets, name, read_bucket
from tasks.graph.laws import window
from tasks.graph.laws.window import update_edges, write_edges
from tasks.graph.pairs import PairWeights
from tests import graphs

ITEMS, TODAY = 40, 30
NEARNESS = [
    PairWeights(1),
    PairWeights(3, half_life_places=1.5),
    PairWeights(4, half_life_days=7),
    PairWeights(5, 2, 0.5),
]
every_nearness = pytest.mark.parametrize("nearness", NEARNESS, ids=str)


def planted(seed: int, users: int = 50) -> tuple[list, list]:
    """Items with repetitions, and the days of each, which grow."""
    random = np.random.default_rng(seed)
    likes = [random.integers(0, ITEMS - 1, random.integers(0, 15)).tolist() for _ in range(users)]
    return likes, [np.sort(random.integers(0, TODAY + 1, len(one))).tolist() for one in likes]


def histories_of(likes: list, days: list) -> Histories:
    histories = Histories.of_lists(likes)
    return dataclasses.replace(
        histories, timestamps=np.concatenate([np.array(one, np.int64) for one in days]) * 86_400
    )


def written(folder, items: int = ITEMS) -> list[tuple]:
    """Every edge of a folder, in the order of the files."""
    return [
        row
        for bucket in buckets(items)
        for row in zip(
            *(column.tolist() for column in dataclasses.astuple(read_bucket(folder / name(bucket))))
        )
    ]


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch):
    monkeypatch.setattr(module, "BUCKET_ITEMS", 16)
    monkeypatch.setattr(window, "BUCKET_ITEMS", 16)


@every_nearness
def test_edges_are_the_pairs_that_stand_near(nearness):
    likes, days = planted(0)
    tables = graphs.window_tables(histories_of(likes, days), ITEMS, nearness, TODAY)
    v = graphs.near(likes, ITEMS, nearness, days, TODAY)
    np.testing.assert_allclose(
        graphs.implied(tables), v / np.maximum(v.sum(1, keepdims=True), 1), atol=1e-8
    )
    np.testing.assert_allclose(
        np.resize(graphs._shares(tables.entrance), ITEMS - 1), v.sum(1)[:-1] / v.sum(), atol=1e-8
    )
    assert tables.edges == np.count_nonzero(v) and np.diff(tables.item_offsets)[-1] == 0


@every_nearness
def test_more_pairs_than_fit_are_gone_through_again(nearness, tmp_path, monkeypatch):
    histories = histories_of(*planted(1))
    write_edges(tmp_path, histories, ITEMS, nearness)
    whole = written(tmp_path)
    monkeypatch.setattr(window, "MAX_PASS_PAIRS", 1)
    write_edges(tmp_path, histories, ITEMS, nearness)
    assert written(tmp_path) == whole == sorted(whole)


def test_an_old_pair_weighs_nothing_and_a_later_one_half():
    histories = histories_of([[0, 1], [0, 2], [0, 3]], [[0, 0], [0, 20], [25, 30]])
    law = graphs.implied(graphs.window_tables(histories, 4, PairWeights(1, half_life_days=10), 30))
    np.testing.assert_allclose(law[0], np.array([0, 1 / 8, 1 / 2, 1]) / (13 / 8), atol=1e-6)
    law = graphs.implied(graphs.window_tables(histories, 4, PairWeights(1, half_life_days=1), 30))
    assert law[0, 1] == 0 and law[0, 3] > 0.99


def tomorrow(likes: list, days: list, random: np.random.Generator) -> tuple[list, list]:
    """Most lists as they were; some longer, one corrected in the middle, one emptied, a new
    user.
    """
    likes, days = [list(one) for one in likes], [list(one) for one in days]
    for user in random.permutation(len(likes))[:12]:
        for item in random.integers(0, ITEMS, random.integers(1, 4)).tolist():
            likes[user].append(item)
            days[user].append(TODAY + 1)
    long = [user for user, one in enumerate(likes) if len(one) > 4]
    likes[long[0]][2] = (likes[long[0]][2] + 1) % ITEMS
    days[long[1]][-1] += 1
    del likes[long[2]][1], days[long[2]][1]
    likes[long[3]], days[long[3]] = [], []
    return [*likes, [3, 4, 5]], [*days, [TODAY + 1] * 3]


@every_nearness
@pytest.mark.parametrize("seed", [0, 1])
def test_an_update_equals_a_new_build(nearness, seed, tmp_path):
    """Users and items come and go between the two days, so that rows move."""
    random = np.random.default_rng(seed)
    likes, days = planted(seed)
    later, later_days = tomorrow(likes, days, random)
    user_ids, item_ids = (
        [f"u{n:03d}" for n in range(len(later))],
        [f"i{n:03d}" for n in range(ITEMS)],
    )
    before_users, now_users = (
        [n for n in range(len(likes)) if n % 17 != 3],
        [n for n in range(len(later)) if n % 19 != 5],
    )
    before_items, now_items = (
        [n for n in range(ITEMS) if n % 13 != 4],
        [n for n in range(ITEMS) if n % 11 != 6],
    )

    def lists(likes, days, users, items):
        rows = {item: row for row, item in enumerate(items)}
        kept = [
            [(rows[item], day) for item, day in zip(likes[user], days[user]) if item in rows]
            for user in users
        ]
        histories = histories_of(
            [[item for item, _ in one] for one in kept], [[day for _, day in one] for one in kept]
        )
        return dataclasses.replace(
            histories, timestamps=nearness.days(histories).astype(np.int64) * 86_400
        )

    before, now = (
        lists(likes, days, before_users, before_items),
        lists(later, later_days, now_users, now_items),
    )
    store = Store((tmp_path / "store").as_uri())
    with store.writing("graph", "graphs", "base") as draft:
        write_edges(draft.path, before, len(before_items), nearness)
    users = RowMapping.of([user_ids[n] for n in before_users], [user_ids[n] for n in now_users])
    items = RowMapping.of([item_ids[n] for n in before_items], [item_ids[n] for n in now_items])
    changes = Changes.of(before, now, users, items)
    assert 10 < len(changes.now) < 40 and (changes.since > 0).any()
    for folder in ("new", "updated"):
        (tmp_path / folder).mkdir()
    write_edges(tmp_path / "new", now, len(now_items), nearness)
    update_edges(
        tmp_path / "updated", store.find("graphs", "base"), changes, items, len(now_items), nearness
    )
    assert written(tmp_path / "updated", len(now_items)) == written(
        tmp_path / "new", len(now_items)
    )


def test_ids_in_another_order_cannot_be_renamed():
    assert RowMapping.of(["2", "10"], ["10", "2"]) is None
    assert RowMapping.of(["2", "10"], ["2", "3", "10"]).rows.tolist() == [0, 2]
    assert RowMapping.of(["a", "gone", "b"], ["a", "b"]).rows.tolist() == [0, -1, 1]
