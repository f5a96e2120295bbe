"""Of many users the same ones are judged, whatever the model and the day."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.store.store import Store
from tasks.evaluate.judge import judge
from tasks.evaluate.settings import JudgeRequest
from tasks.evaluate.user_sample import sample_queries
from tests import worlds
from tests.evaluate import planted

IDS = [f"user-{n}" for n in range(3000)]


def queries_of(users: np.ndarray) -> Queries:
    lists = Histories.of_lists([[int(row)] for row in users])
    return Queries(users.astype(np.int32), lists, lists, lists)


def test_the_sample_depends_on_the_ids_alone():
    everybody, rest = queries_of(np.arange(3000)), queries_of(np.arange(0, 3000, 2))
    some = sample_queries(everybody, IDS, 200)
    assert len(some.users) == 200 and (np.diff(some.users) > 0).all()
    assert (
        some.histories.items.tolist()
        == some.labels.items.tolist()
        == some.seen.items.tolist()
        == some.users.tolist()
    )
    assert {row for row in some.users if row % 2 == 0} <= set(
        sample_queries(rest, IDS, 200).users
    ), "who was among them stays while others leave"
    moved = np.arange(2999, -1, -1)
    assert {IDS[row] for row in some.users} == {
        IDS[::-1][row] for row in sample_queries(queries_of(moved), IDS[::-1], 200).users
    }, "rows do not matter"
    assert 40 < sum(row < 750 for row in some.users) < 60, "a quarter of it from any quarter"
    assert sample_queries(everybody, IDS, 3000) is everybody


def test_a_sample_finds_what_all_find_and_is_told(tmp_path):
    store = Store(str(tmp_path))
    snapshot = worlds.snapshot(store, planted.WORLD)
    candidate = planted.good(store, snapshot)
    whole, some = (
        judge(
            JudgeRequest(
                str(store.root),
                candidate,
                champion_from_registry=False,
                track=False,
                users_most=most,
            )
        )
        for most in (25_000, 150)
    )
    assert (whole["users"], some["users"]) == (300, 150)
    assert store.open(some["uri"], "evaluation").facts["users_in_all"] == 300
    for model in ("challenger", "ease", "popularity"):
        assert some["metrics"][model]["recall_50"] == pytest.approx(
            whole["metrics"][model]["recall_50"], abs=0.05
        )
