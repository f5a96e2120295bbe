"""The overlap of neighbours, counted by hand, and what a turn does to each figure."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.retrieval.candidate import Candidate, save_candidate
from tasks.core.retrieval.encoders import MeanEncoder
from tasks.core.retrieval.stability import neighbours_kept, stability
from tasks.core.store.store import Store
from tests.neighbours import by_cosine

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(size=(60, 8)).astype(np.float32)
IDS = [f"i{row}" for row in range(60)]
TURN = np.linalg.qr(RANDOM.normal(size=(8, 8)))[0].astype(np.float32)


@pytest.fixture
def before(tmp_path) -> Candidate:
    """A model of VECTORS."""
    store = Store(tmp_path.as_uri())
    with store.writing("candidate", "candidates", "toy", "before") as draft:
        save_candidate(draft.path, IDS, VECTORS, MeanEncoder(VECTORS))
        by_cosine(VECTORS).save(draft.path)
    return Candidate(store.find("candidates", "toy", "before"))


def compared(vectors: np.ndarray, before: Candidate, ids: list[str] = IDS) -> dict[str, float]:
    return stability(ids, vectors, by_cosine(vectors), before)


def test_neighbours_on_a_line_counted_by_hand():
    """0 1 2 3 by direction; the third and the fourth change places with the first two: of each
    item's two nearest one stays, or two.
    """

    def at(*angles):
        return np.array([[np.cos(a), np.sin(a)] for a in angles], np.float32)

    before, after = (
        at(0, 0.1, 0.3, 0.7),
        at(0, 0.1, 0.7, 0.3),
    )  # nearest two: 0: 1 2, 1: 0 2, 2: 1 0, 3: 2 1 → 0: 1 3, 1: 0 3, 2: 3 1, 3: 1 0
    assert neighbours_kept(after, before, k=2) == pytest.approx((1 + 1 + 1 + 1) / 8)
    assert neighbours_kept(before, before, k=2) == 1


def test_more_neighbours_than_items_are_all_the_others():
    assert neighbours_kept(VECTORS[:4], VECTORS[4:8], k=10) == 1


def test_unrelated_spaces_share_what_chance_gives():
    assert neighbours_kept(VECTORS, RANDOM.normal(size=VECTORS.shape)) == pytest.approx(
        10 / 59, abs=0.05
    )


def test_items_asked_are_a_sample_of_a_large_catalogue():
    large = RANDOM.normal(size=(5000, 4)).astype(np.float32)
    assert neighbours_kept(large, large, sample_size=50) == 1


def test_a_turned_space_has_the_same_neighbours_and_other_vectors(before):
    figures = compared(VECTORS @ TURN, before)
    assert (
        figures["common_items"] == 60
        and figures["neighbours_10"] == 1
        and figures["similar_10"] == 1
    )
    assert figures["cosine"] < 0.5
    assert compared(VECTORS, before)["cosine"] == pytest.approx(1)


def test_only_common_items_count(before):
    """The new one has lost ten items and has ten others in their place, and its rows are in another
    order.
    """
    order = RANDOM.permutation(60)
    ids = [f"i{row}" if row < 50 else f"new{row}" for row in order]
    figures = compared(VECTORS[order], before, ids)
    assert (
        figures["common_items"] == 50
        and figures["neighbours_10"] == 1
        and figures["cosine"] == pytest.approx(1)
    )


def test_other_dimensions_have_neighbours_and_no_cosine(before):
    figures = compared(np.hstack([VECTORS, VECTORS]), before)
    assert figures["neighbours_10"] == 1 and "cosine" not in figures


def test_nothing_in_common_says_so(before):
    assert compared(VECTORS, before, [f"x{row}" for row in range(60)]) == {"common_items": 0}
