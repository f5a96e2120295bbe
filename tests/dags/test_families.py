"""The families that are trained: all, or those that `RECALL_FAMILIES` names."""

from __future__ import annotations

import pytest

from recall.families import FAMILIES, wanted

ALL = [family.name for family in FAMILIES]


@pytest.mark.parametrize(
    "names, chosen",
    [
        ("", ALL),
        ("gru4rec item2vec", ["item2vec", "gru4rec"]),
        ("fused,linear, item2vec", ["item2vec", "linear", "fused"]),
    ],
)
def test_the_families_that_are_named_are_trained_in_their_own_order(names, chosen):
    assert [family.name for family in wanted(FAMILIES, names)] == chosen


def test_a_family_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match=r"got svd, tfidf; allowed: item2vec, gru4rec, .*fused"):
        wanted(FAMILIES, "svd item2vec tfidf")
