"""Alignment finds a planted rotation and changes no score."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.models.procrustes import best_rotation, rotate
from tasks.core.retrieval.encoders import MeanEncoder

RANDOM = np.random.default_rng(0)


def orthogonal(d: int) -> np.ndarray:
    """A rotation or a reflection, drawn at random."""
    return np.linalg.qr(RANDOM.normal(size=(d, d)))[0]


@pytest.mark.parametrize("mirrored", [False, True])
def test_finds_the_turn_that_was_planted(mirrored):
    planted = orthogonal(6)
    planted[:, 0] *= (
        -np.sign(np.linalg.det(planted)) if mirrored else np.sign(np.linalg.det(planted))
    )
    old = RANDOM.normal(size=(40, 6))
    new = (old @ planted.T + RANDOM.normal(0, 1e-3, old.shape)).astype(np.float32)
    np.testing.assert_allclose(best_rotation(new, old), planted, atol=1e-3)
    np.testing.assert_allclose(rotate(new, best_rotation(new, old)), old, atol=5e-3)


def test_no_other_orthogonal_matrix_comes_closer():
    new, old = RANDOM.normal(size=(2, 30, 4))
    best = np.linalg.norm(new @ best_rotation(new, old) - old)
    assert all(np.linalg.norm(new @ orthogonal(4) - old) > best for _ in range(200))


@pytest.mark.parametrize("blocks, rest", [(1, 0), (1, 1), (3, 0), (3, 1)])
def test_every_score_stays_with_queries_and_candidates_of_several_blocks(blocks, rest):
    """[q₁ | q₂ | q₃ | 1] · [c₁ | c₂ | c₃ | bias], all turned by one rotation of the blocks'
    size.
    """
    turn = orthogonal(8)
    queries, candidates = (
        RANDOM.normal(size=(50, 8 * blocks + rest)).astype(np.float32) for _ in range(2)
    )
    np.testing.assert_allclose(
        rotate(queries, turn) @ rotate(candidates, turn).T, queries @ candidates.T, atol=1e-5
    )


def test_an_encoder_turned_by_its_inputs_gives_the_scores_it_gave():
    inputs, outputs = RANDOM.normal(size=(2, 60, 16)).astype(np.float32)
    histories = Histories.of_lists([RANDOM.permutation(60)[:9] for _ in range(20)])
    turn = best_rotation(inputs, RANDOM.normal(size=inputs.shape))
    before = MeanEncoder(inputs, 3.0).encode(histories) @ outputs.T
    np.testing.assert_allclose(
        MeanEncoder(rotate(inputs, turn), 3.0).encode(histories) @ rotate(outputs, turn).T,
        before,
        atol=1e-5,
    )


def test_fewer_rows_than_dimensions_still_give_an_orthogonal_matrix():
    found = best_rotation(RANDOM.normal(size=(2, 16)), RANDOM.normal(size=(2, 16)))
    np.testing.assert_allclose(found @ found.T, np.eye(16), atol=1e-12)


@pytest.mark.parametrize("new, old", [((0, 4), (0, 4)), ((3, 4), (2, 4)), ((3, 4), (3, 5))])
def test_shapes_that_do_not_match_are_refused(new, old):
    with pytest.raises(ValueError, match="two equal ones with at least one row"):
        best_rotation(np.zeros(new), np.zeros(old))
