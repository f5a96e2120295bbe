"""Items like an item, on planted likes: who liked both and near each other, drawn to nothing where
few say so, by genres where hardly anybody liked it.
"""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.item_to_item.co_likes import SHRINK_USERS, CoLikes, Parameters
from tasks.core.models.item_to_item.genres import GenreShares
from tasks.core.models.item_to_item.table import FEW_LIKES, make_table, neighbours_of
from tasks.core.retrieval.neighbours import Neighbours, fill_by_genres
from tasks.core.retrieval.similar_lists import unseen_neighbours
from tasks.core.store.store import Store
from tests import worlds

LISTS = [[0, 1, 2, 3], [1, 0, 3], [2, 3, 1, 4], [3, 2], [0, 1], [4, 0, 1, 2]]


def weights(lists: list[list[int]], items: int, half_life: float) -> np.ndarray:
    """w by its formula, pair by pair."""
    made = np.zeros((items, items))
    for own in lists:
        for place, item in enumerate(own):
            for other_place, other in enumerate(own):
                if item != other:
                    made[item, other] += 2 ** (-(abs(place - other_place) - 1) / half_life)
    return made


@pytest.mark.parametrize("popularity", [0.0, 0.2])
def test_scores_are_those_of_the_formula_best_first(popularity):
    parameters = Parameters(2.0, popularity)
    found, scores = CoLikes(Histories.of_lists(LISTS), 6).nearest(np.arange(6), parameters, 5)
    w = weights(LISTS, 6, 2.0)
    degrees = w.sum(axis=1)
    shrink = SHRINK_USERS * degrees.sum() / sum(map(len, LISTS))
    roots = np.sqrt(degrees)
    expected = w / (roots[:, None] * roots + shrink)
    expected *= (np.maximum(degrees, 1e-12) / degrees[degrees > 0].mean()) ** popularity
    for item in range(5):
        kept = found[item] >= 0
        assert sorted(found[item, kept]) == np.flatnonzero(w[item]).tolist()
        np.testing.assert_allclose(scores[item, kept], expected[item, found[item, kept]], rtol=1e-5)
        assert (np.diff(scores[item, kept]) <= 0).all()
    assert (found[5] == -1).all() and (scores[5] == 0).all()


def test_likes_far_from_each_other_do_not_count():
    own = list(range(40))
    found, _ = CoLikes(Histories.of_lists([own]), 40).nearest(
        np.array([0]), Parameters(2.0, 0.0), 39
    )
    assert sorted(found[0, found[0] >= 0]) == list(range(1, 13))  # six half-lives of two


def test_an_item_that_was_met_again_counts_once_at_its_newest_place():
    again = Histories.of_lists([[0, 1, 0, 2], [1, 2]])
    once = Histories.of_lists([[1, 0, 2], [1, 2]])
    one, other = (
        CoLikes(h, 3).nearest(np.arange(3), Parameters(5.0, 0.0), 2) for h in (again, once)
    )
    assert (one[0] == other[0]).all() and (one[1] == other[1]).all()


def test_users_who_liked_both_are_counted_in_short_and_long_histories():
    random = np.random.default_rng(0)
    lists = [random.permutation(60)[: random.integers(2, 60)] for _ in range(50)]
    co_likes = CoLikes(Histories.of_lists(lists), 60)
    neighbours = np.array([[1, 2, -1], [5, 0, 7]], np.int32)
    sets = [set(own.tolist()) for own in lists]
    expected = [
        [sum({row, other} <= own for own in sets) if other >= 0 else 0 for other in others]
        for row, others in zip((0, 3), neighbours.tolist(), strict=True)
    ]
    assert co_likes.count_both(np.array([0, 3]), neighbours).tolist() == expected


def test_what_one_user_says_does_not_stand_before_what_many_say():
    """Item 1 is liked with item 0 by 30 of 60 users; item 2 once, by a user who liked nothing else:
    its plain cosine with item 0 would be as high as that of 1 of 60 can be.
    """
    lists = [[0, 1]] * 30 + [[0, 3]] * 30 + [[0, 2]]
    found, _ = CoLikes(Histories.of_lists(lists), 4).nearest(
        np.array([0]), Parameters(15.0, 0.0), 3
    )
    assert found[0].tolist() == [1, 3, 2]


def test_genres_in_common_raise_a_score_by_their_share():
    shares = GenreShares([["a", "b"], ["b"], ["a", "b"], None])
    found, scores = np.array([[1, 2, 3]], np.int32), np.array([[1.0, 0.9, 0.8]], np.float32)
    ranked, raised = shares.rank(np.array([0]), found, scores, 0.5)
    assert ranked.tolist() == [[2, 1, 3]]
    np.testing.assert_allclose(raised, [[0.9 * 1.5, 1.25, 0.8]], rtol=1e-6)


def test_empty_places_are_filled_by_genres_the_most_liked_first_and_nothing_twice():
    table = Neighbours.none(6).widen(3)
    table.likes[:] = [0, 9, 5, 7, 2, 1]
    table.rows[5, 0], table.scores[5, 0] = 2, 0.5
    genres = [["a"], ["a"], ["a", "b"], ["b"], ["a"], ["a"]]
    fill_by_genres(table, genres, np.array([0, 5]))
    assert table.rows[0].tolist() == [1, 4, 5] and table.rows[5].tolist() == [2, 1, 4]
    assert (table.both == 0).all() and (np.diff(table.scores[[0, 5]], axis=1) <= 0).all()
    assert (table.rows[1:5] == -1).all()


def test_a_table_of_another_catalogue_keeps_what_is_there_in_its_order():
    table = Neighbours(
        np.array([[1, 2], [2, 0], [0, 1]], np.int32),
        np.array([[0.9, 0.8], [0.7, 0.6], [0.5, 0.4]], np.float32),
        np.array([[9, 8], [7, 6], [5, 4]], np.int32),
        np.array([3, 4, 5], np.int32),
    )
    made = table.remap(np.array([3, -1, 0]), 4)
    assert made.rows.tolist() == [[3, -1], [-1, -1], [-1, -1], [0, -1]]
    assert made.both.tolist() == [[5, 0], [0, 0], [0, 0], [8, 0]]
    assert made.scores[3].tolist() == [pytest.approx(0.8), 0] and made.likes.tolist() == [
        5,
        0,
        0,
        3,
    ]


def test_neither_the_item_nor_what_was_seen_is_shown():
    shown = unseen_neighbours(
        np.array([[4, 1, 2, 3], [0, 2, -1, -1]], np.int32),
        np.array([4, 1]),
        Histories.of_lists([[1, 9], []]),
        3,
    )
    assert shown.tolist() == [[2, 3, -1], [0, 2, -1]]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(tmp_path_factory.mktemp("store").as_uri())


def test_the_table_of_a_snapshot_keeps_groups_together_and_is_made_once(store):
    world = worlds.grouped(users=150, items=60, likes=14, noise=0.1)
    snapshot = Snapshot(store.open(worlds.snapshot(store, world), "snapshot"))
    made = neighbours_of(store, snapshot)
    assert (world.item_group[made.rows[:, :5]] == world.item_group[:, None]).mean() > 0.95
    assert (made.rows != np.arange(60)[:, None]).all() and (made.both[:, 0] > 0).all()
    assert made.likes.sum() == len(snapshot.histories("train").pairs().items)
    neighbours_of(store, snapshot)
    (artefact,) = store.children("neighbours", "planted")
    assert artefact.facts["choice"]["validation_users"] > 100


def test_where_hardly_anybody_liked_an_item_its_genres_say_what_is_like_it(store):
    world = worlds.uneven(items=360)
    snapshot = Snapshot(store.open(worlds.snapshot(store, world), "snapshot"))
    made = neighbours_of(store, snapshot)
    few = made.likes < FEW_LIKES
    assert few.any() and (made.both[few] == 0).all() and (made.rows[few, 0] >= 0).all()
    assert (world.item_group[made.rows[few]] == world.item_group[few][:, None]).all()


def test_without_genres_and_without_validation_users_likes_alone_decide():
    made, choice = make_table(Histories.of_lists([*LISTS, [5]]), [None] * 7, None)
    assert choice.users == 0 and made.rows.shape == (7, 6)
    assert (made.rows[5:] == -1).all()  # liked beside nothing, and never liked
    assert (made.both[:5, 0] > 0).all() and made.likes.tolist() == [4, 5, 4, 4, 2, 1, 0]


def test_two_ids_of_one_title_are_two_items_and_may_be_like_each_other():
    made, _ = make_table(Histories.of_lists([[0, 1]] * 9 + [[2, 3]] * 9), [["a"]] * 4, None)
    assert made.rows[0, 0] == 1 and made.rows[1, 0] == 0 and made.both[0, 0] == 9
