"""Walks are counted as they are: near their law, with the different items that they have."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.item2vec.walk_statistics import SAMPLED_WALKS, statistics
from tests import graphs

GRAPHS = graphs.five()


@pytest.mark.parametrize("law", list(GRAPHS))
def test_counted_visits_are_within_chance_of_the_law(law):
    measured = statistics(GRAPHS[law], 4, 0)
    assert (
        measured["law"] == law
        and measured["walks"] == SAMPLED_WALKS
        and measured["distance"] < 3 * measured["distance_by_chance"]
    )
    assert sum(one["items"] for one in measured["by_degree"]) == 5
    assert sum(one["items"] * one["visits"] for one in measured["by_degree"]) == pytest.approx(1e6)
    assert sum(one["items"] * one["expected"] for one in measured["by_degree"]) == pytest.approx(
        1e6
    )


def test_walks_that_go_back_and_forth_have_few_different_items():
    """Two items that one user likes: every walk of three is one of 0 1 0 and 1 0 1."""
    from tasks.core.data.histories import Histories
    from tasks.graph.laws.cooccurrence import build_cooccurrence

    measured = statistics(build_cooccurrence(Histories.of_lists([[0, 1]]), 2), 3, 0)
    assert measured["distinct"] == [0, 1, 0] and measured["distinct_mean"] == 2
    assert np.isclose(measured["by_degree"][0]["visits"], 5e5, rtol=0.01)
