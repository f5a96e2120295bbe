"""Merging by hand."""

import pytest

from tasks.retrieve.fusion import by_quota, reciprocal_rank


def test_quotas_by_hand():
    lists = {"a": ["x", "y", "z"], "b": ["x", "v", "w"]}
    assert [id for id, _, _ in by_quota(lists, {"a": 1, "b": 2}, 3)] == ["x", "v", "w"]
    assert [id for id, _, _ in by_quota(lists, {"a": 1, "b": 0}, 3)] == ["x", "y", "v"]


def test_reciprocal_rank_by_hand():
    merged = reciprocal_rank({"a": ["x", "y"], "b": ["y", "z"]}, constant=1)
    assert merged == [
        ("y", pytest.approx(1 / 3 + 1 / 2), ("a", "b")),
        ("x", 1 / 2, ("a",)),
        ("z", pytest.approx(1 / 3), ("b",)),
    ]
