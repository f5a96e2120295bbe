"""What is judged is what would be served: matched by id, seen items left out, the unknown never
invented.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import find_snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store
from tasks.evaluate.baselines.popularity import popularity
from tasks.evaluate.lists import lists_of_candidate, lists_of_scores, ranked_lists
from tests import generations, worlds
from tests.evaluate import planted, slow

WORLD = worlds.grouped(users=30, items=80, groups=2)


def test_lists_equal_a_slow_ranking_by_item_id(tmp_path):
    """The candidate's rows are in another order than the snapshot's, it misses ten items and has
    two nobody else has.
    """
    store = Store(str(tmp_path))
    uri = worlds.snapshot(store, WORLD)
    read = find_snapshot(store, uri, "planted")
    random = np.random.default_rng(0)
    kept = random.permutation(80)[:70]
    ids = [read.item_ids[row] for row in kept] + ["gone 1", "gone 2"]
    inputs, outputs = (
        random.normal(size=(72, 8)).astype(np.float32),
        random.normal(size=(72, 8)).astype(np.float32),
    )
    outputs[70:] *= 100  # they would head every list
    made = Candidate(
        store.open(planted.candidate(store, uri, "odd", inputs, outputs, ids), "candidate")
    )
    queries = read.queries("test")
    lists = lists_of_candidate(made, read.item_ids, queries, 50)
    row_of = {item: row for row, item in enumerate(ids)}
    for user in range(len(queries.users)):
        history = [
            row_of[read.item_ids[i]] for i in queries.histories[user] if read.item_ids[i] in row_of
        ]
        query = inputs[history].mean(axis=0).tolist()
        absent = {row for row, item in enumerate(ids) if item not in read.item_ids}
        seen = {row_of[read.item_ids[i]] for i in queries.seen[user] if read.item_ids[i] in row_of}
        for shown, left_out in ((lists.unseen, absent | seen), (lists.including_seen, absent)):
            expected = [ids[row] for row in slow.rank_all(query, outputs.tolist(), left_out)[:50]]
            assert [read.item_ids[i] for i in shown[user] if i >= 0] == expected


def test_an_item_counts_by_the_best_of_a_users_interests(tmp_path):
    store = Store(str(tmp_path))
    uri = worlds.snapshot(store, WORLD)
    read, random = find_snapshot(store, uri, "planted"), np.random.default_rng(1)
    outputs, user_vectors = (
        random.normal(size=(80, 4)).astype(np.float32),
        random.normal(size=(30, 12)).astype(np.float32),
    )
    made = Candidate(
        store.open(planted.candidate(store, uri, "three interests", outputs, outputs), "candidate")
    )
    made.__dict__["encoder"] = SimpleNamespace(encode=lambda histories, users: user_vectors)
    lists = lists_of_candidate(made, read.item_ids, read.queries("test"), 20)
    best = (user_vectors.reshape(30, 3, 4) @ outputs.T).max(axis=1)
    assert (lists.including_seen == np.argsort(-best, axis=1, kind="stable")[:, :20]).all()


def test_a_history_the_candidate_does_not_know_gets_no_list(tmp_path):
    store = Store(str(tmp_path))
    uri = worlds.snapshot(store, WORLD)
    read = find_snapshot(store, uri, "planted")
    first_group = [read.item_ids[i] for i in np.flatnonzero(WORLD.item_group == 0)]
    known = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    made = Candidate(
        store.open(planted.candidate(store, uri, "half", known, known, first_group), "candidate")
    )
    queries = read.queries("test")
    lists = lists_of_candidate(made, read.item_ids, queries, 10)
    stranger = WORLD.user_group[queries.users] == 1
    assert (lists.without_list == stranger).all() and stranger.any()
    assert (lists.unseen[stranger] == -1).all() and (lists.unseen[~stranger] >= 0).all()


def test_popularity_leaves_out_what_each_user_has_seen(tmp_path):
    queries = find_snapshot(
        Store(str(tmp_path)), worlds.snapshot(Store(str(tmp_path)), WORLD), "planted"
    ).queries("test")
    order = np.random.default_rng(0).permutation(80)
    lists = lists_of_scores(popularity(order), 80, queries, 10)
    for user in range(len(queries.users)):
        assert lists.unseen[user].tolist() == [i for i in order if i not in queries.seen[user]][:10]
    assert (lists.including_seen == order[:10]).all()


@pytest.mark.parametrize("different", [3, 1_000_000])
def test_the_best_of_scores_with_and_without_what_was_seen(different):
    """Against sorting everything, with many equal scores and with none; a user has seen an item
    twice, one has seen all.
    """
    random = np.random.default_rng(different)
    scores = (random.integers(0, different, (40, 70)) / 7).astype(np.float32)
    scores[3, 5], scores[4, :] = np.nan, -np.inf
    seen = Histories.of_lists(
        [random.integers(0, 70, random.integers(0, 30)).tolist() for _ in range(39)]
        + [list(range(70))]
    )
    unseen, kept = ranked_lists(lambda start, stop: scores[start:stop].copy(), 70, seen, 12)
    for user in range(40):
        order = [
            i
            for i in np.lexsort((np.arange(70), -scores[user])).tolist()
            if scores[user, i] > -np.inf
        ]
        assert [i for i in kept[user] if i >= 0] == order[:12]
        assert [i for i in unseen[user] if i >= 0] == [i for i in order if i not in seen[user]][:12]


def test_newcomers_are_asked_without_history_for_the_same_labels(tmp_path):
    store = Store(str(tmp_path))
    world = worlds.grouped(users=30, items=80, groups=2, likes=12)
    split = find_snapshot(
        store, worlds.snapshot(store, world, test=4, validation=8), "planted"
    )  # nobody has anything to learn from
    without_history, known = split.cold_start_queries("test"), split.queries("test")
    assert not without_history.histories.lengths.any() and (known.histories.lengths == 8).all()
    assert (
        without_history.labels.items.tolist() == known.labels.items.tolist()
        and without_history.seen.items.tolist() == known.seen.items.tolist()
    )
    assert without_history.attributes.columns["group"] == [str(group) for group in world.user_group]
    uri = generations.candidate(store, world, attributes=True)
    lists = lists_of_candidate(
        Candidate(store.open(uri, "candidate")), split.item_ids, without_history, 10
    )
    assert (
        not lists.without_list.any()
        and (world.item_group[lists.unseen] == world.user_group[:, None]).all()
    )


def test_a_snapshot_whose_users_all_have_something_to_learn_from_has_no_newcomers(tmp_path):
    store = Store(str(tmp_path))
    with pytest.raises(RefusedData, match="none to learn from"):
        find_snapshot(store, worlds.snapshot(store, WORLD), "planted").cold_start_queries("test")
