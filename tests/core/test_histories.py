"""Histories that hold an item several times: rows in place for models of order, one damped sum a
pair for models of pairs.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.data.histories import Histories, damped_weights
from tasks.core.data.snapshot import Snapshot
from tasks.core.store.store import Store
from tests import worlds

EVENTS = Histories(
    np.array([0, 5, 5, 7]),
    np.array([3, 1, 3, 3, 0, 2, 3], np.int32),
    np.arange(7),
    np.array([1, 4, 2, 1, 1, 9, 1], np.float32),
)


def test_a_pair_is_the_root_of_what_its_events_weigh_at_the_newest_place():
    pairs = EVENTS.pairs()
    assert [pairs[user].tolist() for user in range(3)] == [[1, 3, 0], [], [2, 3]]
    assert pairs.weights.tolist() == [2, 2, 1, 3, 1] and pairs.timestamps.tolist() == [
        1,
        3,
        4,
        5,
        6,
    ]
    assert pairs.pairs() is pairs, "summed once"
    assert EVENTS.popularity(5).tolist() == [1, 2, 3, 3, 0] and EVENTS.users_of(5).tolist() == [
        1,
        1,
        1,
        2,
        0,
    ]


def test_without_repeats_and_weights_pairs_are_the_histories_themselves_and_counts_are_whole():
    plain = Histories.of_lists([[2, 0], [], [1, 2]])
    pairs = plain.pairs()
    assert pairs.items is plain.items and pairs.weights is None
    assert plain.popularity(3).dtype == np.int64 and plain.popularity(3).tolist() == [1, 1, 2]
    assert damped_weights(np.ones(1)).tolist() == [1]
    assert Histories.empty(2).pairs().lengths.tolist() == [0, 0]


def test_weights_follow_their_rows():
    assert EVENTS.select_users(np.array([2, 0])).weights.tolist() == [9, 1, 1, 4, 2, 1, 1]
    assert EVENTS.filter_rows(EVENTS.items == 3).weights.tolist() == [1, 2, 1, 1]
    assert EVENTS.remap_items(np.array([-1, 0, 1, 2])).weights.tolist() == [1, 4, 2, 1, 9, 1]
    left = EVENTS.without(Histories.of_lists([[3], [0], [9]]))
    assert [left[user].tolist() for user in range(3)] == [[1, 0], [], [2, 3]]


# Two users: the first comes back to item 0 in what is held out, the second meets nothing new there.
WORLD = worlds.World(
    np.repeat([0, 1], 6).astype(np.int32),
    np.array([0, 1, 0, 0, 2, 2, 1, 0, 1, 0, 1, 0], np.int32),
    np.full(12, 4, np.float32),
    np.arange(12),
    np.zeros(2, np.int32),
    np.zeros(3, np.int32),
)


def snapshot_of(tmp_path, recommend_seen, **fields):
    store = Store(tmp_path.as_uri())
    facts = worlds.event_facts(WORLD, recommend_seen)
    return Snapshot(
        store.open(
            worlds.snapshot(store, WORLD, **{"test": 3, "validation": 0, **fields}, **facts),
            "snapshot",
        )
    )


def test_labels_are_different_items_and_those_met_before_count_only_where_they_may_be_recommended(
    tmp_path,
):
    again = snapshot_of(tmp_path / "true", True).queries("test")
    assert again.users.tolist() == [0, 1] and [
        sorted(again.labels[user].tolist()) for user in (0, 1)
    ] == [[0, 2], [0, 1]]
    assert again.seen.lengths.tolist() == [0, 0] and again.histories[0].tolist() == [0, 1, 0]
    new = snapshot_of(tmp_path / "false", False).queries("test")
    assert new.users.tolist() == [0] and new.labels[0].tolist() == [2], (
        "the second user is not asked"
    )
    assert new.seen[0].tolist() == new.histories[0].tolist() == [0, 1, 0]


def test_a_snapshot_that_says_nothing_of_repeats_is_read_as_ever(tmp_path):
    store, world = Store(tmp_path.as_uri()), worlds.grouped(users=9, items=30, likes=6)
    snapshot = Snapshot(store.open(worlds.snapshot(store, world), "snapshot"))
    assert (
        not snapshot.recommend_seen
        and snapshot.paired
        and snapshot.histories("train").weights is None
    )
    queries = snapshot.queries("test")
    assert queries.labels.lengths.tolist() == [3] * 9 and queries.seen.lengths.tolist() == [3] * 9


def test_where_nothing_held_out_is_new_that_is_said(tmp_path):
    snapshot = snapshot_of(tmp_path, False, test=1)
    with pytest.raises(
        RefusedData,
        match=r"all test rows of .* are of items that their users had met.*remedy: ingest with "
        "recommend_seen = true",
    ):
        _only_second(snapshot).queries("test")


def _only_second(snapshot: Snapshot) -> Snapshot:
    keep = snapshot._rows["user"] == 1
    snapshot.__dict__["_rows"] = {name: values[keep] for name, values in snapshot._rows.items()}
    return snapshot


def test_weights_are_read_where_they_differ(tmp_path):
    store = Store(tmp_path.as_uri())
    world = dataclasses.replace(WORLD, ratings=np.tile([5, 9, 4], 4).astype(np.float32))
    snapshot = Snapshot(
        store.open(
            worlds.snapshot(
                store, world, test=1, validation=0, **worlds.event_facts(world, True, weighted=True)
            ),
            "snapshot",
        )
    )
    train = snapshot.histories("train")
    assert train[0].tolist() == [0, 1, 0, 0, 2] and train.weights[:5].tolist() == [5, 9, 4, 5, 9]
    np.testing.assert_allclose(train.pairs().weights[:3], [3, 14**0.5, 3])
