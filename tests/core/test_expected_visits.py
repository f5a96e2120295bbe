"""Exact visits against powers of the transition matrix, wherever walks begin."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.models.walks import walk
from tasks.core.models.walks.expected_visits import expected_visits
from tests import graphs

GRAPHS, WEIGHTS = graphs.five(), graphs.weights()
ALWAYS = 2**32 - 1


@pytest.mark.parametrize("law", list(GRAPHS))
@pytest.mark.parametrize("first", [0, 3])
def test_visits_from_one_item_are_those_of_the_matrix(law, first):
    tables = dataclasses.replace(
        GRAPHS[law], entrance=np.array([[ALWAYS, first, first]], np.uint32)
    )
    matrix = WEIGHTS[law] / np.maximum(WEIGHTS[law].sum(1, keepdims=True), 1e-300)
    visits = sum(np.linalg.matrix_power(matrix, step)[first] for step in range(5))
    np.testing.assert_allclose(expected_visits(tables, 5), visits, atol=1e-6)


@pytest.mark.parametrize("law", list(GRAPHS))
def test_entered_by_strength_every_step_is_alike_and_counted_walks_agree(law):
    strength = WEIGHTS[law].sum(1)
    visits = expected_visits(GRAPHS[law], 4)
    np.testing.assert_allclose(visits, 4 * strength / strength.sum(), atol=1e-6)
    np.testing.assert_allclose(
        np.bincount(walk(GRAPHS[law], 0, 100_000, 4, seed=1).ravel(), minlength=6) / 100_000,
        visits,
        atol=0.02,
    )
