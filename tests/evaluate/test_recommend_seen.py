"""Evaluation of events: labels that can be found, each once, and lists that hold what was met only
where it may come again.
"""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from tasks.core.data.snapshot import Snapshot
from tasks.core.store.store import Store
from tasks.evaluate.judge import judge
from tasks.evaluate.lists import lists_of_candidate, lists_of_scores
from tasks.evaluate.settings import JudgeRequest
from tests import generations, worlds

# Everybody comes back to their first item in the last place, which is held out with the two before
# it.
WORLD = worlds.repeating(users=90, items=90, likes=12, back=4)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path.as_uri())


def snapshot_and_candidate(store, recommend_seen):
    uri = worlds.snapshot(store, WORLD, **worlds.event_facts(WORLD, recommend_seen))
    snapshot = Snapshot(store.open(uri, "snapshot"))
    return snapshot, generations.candidate(store, WORLD, snapshot=snapshot.id)


@pytest.mark.parametrize("recommend_seen", [True, False])
def test_lists_of_models_and_baselines_hold_what_was_met_or_do_not(store, recommend_seen):
    from tasks.core.retrieval.candidate import Candidate

    snapshot, uri = snapshot_and_candidate(store, recommend_seen)
    queries = snapshot.queries("test")
    scores = np.zeros((len(queries.users), 90), np.float32)
    scores[
        np.arange(len(scores)),
        [history[0] for history in map(queries.histories.__getitem__, range(len(scores)))],
    ] = 1
    for lists in (
        lists_of_candidate(Candidate(store.open(uri, "candidate")), snapshot.item_ids, queries, 30),
        lists_of_scores(lambda start, stop: scores[start:stop].copy(), 90, queries, 30),
    ):
        for user in range(len(queries.users)):
            seen = set(queries.histories[user].tolist())
            assert bool(seen & set(lists.unseen[user].tolist())) is recommend_seen
            assert seen & set(lists.including_seen[user].tolist())


def test_labels_are_counted_once_and_the_figures_of_both_questions_are_right(store):
    for recommend_seen, labels in ((True, 3), (False, 2)):
        snapshot, uri = snapshot_and_candidate(store, recommend_seen)
        queries = snapshot.queries("test")
        assert set(queries.labels.lengths.tolist()) == {labels}, (
            "the first item again, and two that are new"
        )
        result = judge(
            JudgeRequest(
                store=store.root.as_uri(),
                candidate=uri,
                snapshot=snapshot.uri,
                track=False,
                champion_from_registry=False,
            )
        )
        assert result["users"] == 90 and result["metrics"]["challenger"]["recall_50"] == 1, (
            "a group has 30 items: all are found"
        )
        assert result["metrics"]["challenger"]["precision_10"] <= labels / 10
        yardstick = store.open(
            store.open(result["uri"], "evaluation").facts["yardstick"], "yardstick"
        )
        assert set(pq.read_table(yardstick.file("slices.parquet"))["labels"].to_pylist()) == {
            labels
        }
        assert result["metrics"]["ease"]["recall_50"] > 0.9
    assert result["metrics"]["challenger"]["recall_50_kept"] == 1
