"""An item nobody has liked yet gets the taste of its genres and the standing of an item that is
hardly liked.
"""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.retrieval.cold_start import GenrePredictor

RANDOM = np.random.default_rng(0)
GENRES, ITEMS = 4, 200
OF = RANDOM.integers(0, GENRES, ITEMS)
LIKES = np.round(np.exp(RANDOM.uniform(0, 5, ITEMS))).astype(int)
TASTES = 3 * np.eye(GENRES, 8)
LEVEL = np.zeros(8)
LEVEL[7] = 1.0
VECTORS = (
    TASTES[OF] + np.outer(np.log1p(LIKES) - 5, LEVEL) + RANDOM.normal(0, 0.5, (ITEMS, 8))
).astype(np.float32)
FANS = np.hstack(
    [np.eye(GENRES, 8)[:, :7], np.ones((GENRES, 1))]
)  # a query of each genre: its taste, and everybody likes the popular


def genres(*more, likes=0) -> GenrePredictor:
    """The trained items, then `more` ones with these genres and so many likes."""
    names = [[f"g{g}"] for g in OF] + list(more)
    return GenrePredictor.of(
        names, np.concatenate([LIKES, np.full(len(more), likes)]), np.arange(len(names)) < ITEMS
    )


def predicted(*more, likes=0) -> np.ndarray:
    return genres(*more, likes=likes).predict(
        VECTORS, np.arange(ITEMS), ITEMS + np.arange(len(more))
    )


def test_a_cold_item_is_for_the_fans_of_its_genre():
    scores = FANS @ predicted(["g0"], ["g1"], ["g2"], ["g3"]).T
    assert (scores.argmax(axis=0) == np.arange(GENRES)).all() and (
        scores.argmax(axis=1) == np.arange(GENRES)
    ).all()


def test_it_stands_where_hardly_liked_items_stand_and_never_above_liked_ones():
    """By a plain mean of its genre it would stand in the middle; its level is that of the least
    liked tenth.
    """
    cold = np.diag(FANS @ predicted(["g0"], ["g1"], ["g2"], ["g3"]).T)
    for fan in range(GENRES):
        own = VECTORS[fan == OF] @ FANS[fan]
        liked = LIKES[fan == OF] >= 5
        assert cold[fan] < np.quantile(own[liked], 0.1) < np.mean(own)
        assert (
            cold[fan] > np.mean(VECTORS[(fan != OF) & (LIKES < 5)] @ FANS[fan]) + 1
        )  # yet above what else is hardly liked


def test_predictions_vary_less_than_what_they_are_made_from():
    assert predicted(*[[f"g{g}"] for g in OF]).std(axis=0).mean() < VECTORS.std(axis=0).mean()


def test_two_genres_are_their_mean_and_unknown_ones_tell_nothing():
    both, left, right, partly = predicted(["g0", "g1"], ["g0"], ["g1"], ["g0", "never seen", "g0"])
    np.testing.assert_allclose(both, (left + right) / 2, atol=1e-5)
    np.testing.assert_allclose(partly, left, atol=1e-5)


def test_a_genre_of_one_item_hardly_tells_anything():
    """Its one item may be an exception: the effect is drawn towards none."""
    odd = GenrePredictor.of(
        [[f"g{g}"] for g in OF[:-1]] + [["odd"], ["odd"]],
        np.append(LIKES, 0),
        np.arange(ITEMS + 1) < ITEMS,
    )
    vectors = VECTORS.copy()
    vectors[-1] = 30
    cold = odd.predict(vectors, np.arange(ITEMS), np.array([ITEMS]))
    assert np.abs(cold).max() < 6


@pytest.mark.parametrize("some", [None, [], ["never seen"]])
def test_nothing_known_is_not_told(some):
    assert genres(some, ["g0"]).has_known_genre().tolist() == [True] * ITEMS + [False, True]


def test_a_catalogue_without_genres_tells_of_nobody():
    assert (
        not GenrePredictor.of([None, [], None], np.array([3, 2, 0]), np.array([True, True, False]))
        .has_known_genre()
        .any()
    )
