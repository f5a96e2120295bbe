"""Repeats in linear: what comes back together counts more, and data sets that are hardly one."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.models.cooccurrence import like_matrix
from tasks.core.store.store import Store
from tasks.linear.fit import fit
from tasks.linear.settings import FitRequest, Settings
from tasks.linear.solvers import Dense, normalise_users
from tests import degenerate


@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_what_users_come_back_to_together_counts_more(exponent):
    """Item 0 goes with 1 and 2 in as many lists; those of 1 are of users who came back to both."""

    def score(lists) -> np.ndarray:
        inputs, outputs = Dense(
            normalise_users(like_matrix(Histories.of_lists(lists), 5), exponent), 5, 0
        ).vectors(10.0)
        return inputs[0] @ outputs.T

    once = score([[0, 1, 3], [0, 2, 4]] * 30)
    back = score([[0, 1, 3, 0, 1, 0, 1], [0, 2, 4]] * 30)
    assert once[1] == pytest.approx(once[2], abs=1e-5)
    assert back[1] > back[2] + 0.01


@pytest.mark.parametrize("recommend_seen", [True, False])
@pytest.mark.parametrize("name", degenerate.WORLDS)
def test_a_data_set_that_is_hardly_one_is_learned_or_refused_in_one_sentence(
    tmp_path, name, recommend_seen
):
    store = Store(tmp_path.as_uri())
    ended = degenerate.training(store, name, fit, FitRequest, Settings(dimension=4), recommend_seen)
    if recommend_seen and name != "one item":
        assert ended == "trained"
