"""EASE's vectors against its definition, exact and from the leading directions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tasks.core.cli.errors import BadRequest
from tasks.core.models.cooccurrence import cooccurrence_counts
from tasks.linear.settings import Settings
from tasks.linear.solvers import Dense, LowRank, choose_solver, normalise_users

LIKED = csr_matrix((np.random.default_rng(0).random((60, 25)) < 0.3).astype(np.float32))


def weights(penalty: float) -> np.ndarray:
    """B by its constraint instead of the formula: each column is a ridge regression of an item on
    all others.
    """
    x = LIKED.toarray().astype(np.float64)
    made = np.zeros((25, 25))
    for item in range(25):
        others = np.delete(np.arange(25), item)
        made[others, item] = np.linalg.solve(
            x[:, others].T @ x[:, others] + penalty * np.eye(24), x[:, others].T @ x[:, item]
        )
    return made


@pytest.mark.parametrize("penalty", [1.0, 30.0])
def test_all_dimensions_are_the_ridge_regressions_of_each_item_on_the_others(penalty):
    inputs, outputs = Dense(LIKED, 25, seed=0).vectors(penalty)
    np.testing.assert_allclose(inputs @ outputs.T, weights(penalty), atol=1e-5)


def test_a_weighed_user_is_so_many_users():
    """Four likes count half each at an exponent of one half, beside two users with one; the sum of
    all likes stays what it was.
    """
    four, one = np.eye(8, dtype=np.float32)[[0, 1, 2, 3]].sum(0), np.eye(8, dtype=np.float32)[4]
    made = normalise_users(csr_matrix(np.stack([four, one, one])), 0.5)
    scale = 6 / (4 / 2 + 1 + 1)
    np.testing.assert_allclose(
        cooccurrence_counts(made)[np.ix_([0, 4], [0, 4])],
        scale * np.array([[0.5, 0], [0, 2]]),
        rtol=1e-6,
    )
    np.testing.assert_allclose(np.trace(cooccurrence_counts(made)), 6, rtol=1e-6)
    assert (normalise_users(LIKED, 0) != LIKED).nnz == 0


def test_users_without_a_like_weigh_nothing():
    made = normalise_users(csr_matrix((3, 4), dtype=np.float32), 0.5)
    assert made.shape == (3, 4) and not made.nnz


@pytest.mark.parametrize("penalty", [1.0, 30.0])
def test_fewer_dimensions_are_the_best_approximation_of_that_rank(penalty):
    inputs, outputs = Dense(LIKED, 6, seed=0).vectors(penalty)
    left, values, right = np.linalg.svd(weights(penalty))
    np.testing.assert_allclose(
        inputs @ outputs.T, (left[:, :6] * values[:6]) @ right[:6], atol=1e-3
    )


def test_the_low_rank_form_is_exact_off_the_diagonal_when_the_data_have_that_rank():
    """Ten directions are all there are: 20 columns of which ten repeat."""
    liked = csr_matrix(
        np.tile((np.random.default_rng(1).random((50, 10)) < 0.4).astype(np.float32), 2)
    )
    (inputs, outputs), (left, right) = (
        Dense(liked, 20, seed=0).vectors(5.0),
        LowRank(liked, 10, seed=0).vectors(5.0),
    )
    off = ~np.eye(20, dtype=bool)
    np.testing.assert_allclose((left @ right.T)[off], (inputs @ outputs.T)[off], atol=1e-4)


def test_dimensions_beyond_the_rank_are_zero():
    inputs, outputs = LowRank(LIKED, 64, seed=0).vectors(5.0)
    assert (
        inputs.shape == outputs.shape == (25, 64)
        and not inputs[:, 24:].any()
        and np.isfinite(outputs).all()
    )


def test_what_does_not_fit_is_said_before_and_solved_from_the_leading_directions(capsys):
    assert (
        choose_solver(Settings(), 18_000) == "dense"
        and choose_solver(Settings(), 100_000) == "low-rank"
    )
    assert "exact_needs_gb=223" in capsys.readouterr().err
    with pytest.raises(BadRequest, match=r"needs more memory.*100000 items: 223.5 GB.*8 GB"):
        choose_solver(Settings(solver="dense"), 100_000)
