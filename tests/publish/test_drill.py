"""A short crash drill; the long one is `make drill-publish`."""

from types import SimpleNamespace

from tests.benchmarks.drill_publish import drill
from tests.benchmarks.drill_readers import Truth


def test_killed_publications_and_a_killed_server_tear_no_read_and_leave_no_key(tmp_path):
    counts = drill(tmp_path, kills=10, server_every=6, readers=1)
    assert counts["kills"] >= 10 and counts["server_kills"] == 1 and counts["reads"] > 100, counts
    assert (counts["torn"], counts["mixed"], counts["failed"], counts["leftover"]) == (
        0,
        0,
        0,
        0,
    ), counts


def test_the_drill_knows_a_torn_and_a_mixed_answer_when_it_sees_one():
    import numpy as np

    truth = Truth.__new__(Truth)
    truth.of = {
        "a": {"1": (["x", "y"], np.array([2.0, 1.0]), b"aa")},
        "b": {"1": (["y", "x"], np.array([3.0, 1.0]), b"bb")},
    }

    def answer(generation, ids, scores):
        hits = [
            SimpleNamespace(item=SimpleNamespace(id=id), score=score)
            for id, score in zip(ids, scores)
        ]
        return SimpleNamespace(hits=hits, generations={"item2vec": generation}, source="user")

    assert truth.verdict(answer("a", "xy", [2.0, 1.0]), "1") is None
    assert truth.verdict(answer("a", "yx", [3.0, 1.0]), "1") == "mixed"
    assert (
        truth.verdict(answer("a", "x", [2.0]), "1")
        == truth.verdict(answer("a", "xy", [3.0, 1.0]), "1")
        == "torn"
    )
    assert (
        truth.of_bytes(b"aa", "a", "1"),
        truth.of_bytes(b"bb", "a", "1"),
        truth.of_bytes(None, "a", "1"),
    ) == (None, "mixed", "torn")
