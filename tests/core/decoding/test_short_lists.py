"""Lists of one or two items: what there is is learned, what is not learned is recommended by its
likes, and what cannot be is refused with its figure.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.cold_start import GenrePredictor
from tasks.core.retrieval.encoders import ScalesEncoder
from tasks.core.store.store import Store
from tasks.linear.fit import fit
from tasks.linear.settings import FitRequest, Settings
from tests import worlds

SMALL = Settings(dimension=8)


def lists(*of: list[int]) -> worlds.World:
    lengths = [len(one) for one in of]
    items = np.concatenate([np.array(one, np.int32) for one in of])
    return worlds.World(
        np.repeat(np.arange(len(of)), lengths).astype(np.int32),
        items,
        np.full(len(items), 5.0, np.float32),
        worlds.START + 60 * np.arange(len(items), dtype=np.int64),
        np.zeros(len(of), np.int32),
        np.arange(items.max() + 1, dtype=np.int32),
    )


# The newest row is the test row, the one before validation; 8 is liked alone, by three, and 9 by
# one: each as the oldest of lists whose others are held out.
MIXED = lists(
    *[[0, 1, 2, 3]] * 4,
    *[[1, 0, 3, 2]] * 4,
    *[[4, 5, 6, 7]] * 4,
    *[[5, 4, 7, 6]] * 4,
    *[[8, 0, 1]] * 3,
    [9, 4, 5],
)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path.as_uri())


def fitted(
    store: Store, world: worlds.World, settings: Settings = SMALL, **split: int
) -> tuple[Candidate, Snapshot]:
    snapshot = worlds.snapshot(store, world, **{"test": 1, "validation": 1} | split)
    made = fit(
        FitRequest(
            store.root.as_uri(),
            snapshot=snapshot,
            dataset="planted",
            settings=settings,
            track=False,
        )
    )
    return Candidate(store.open(made["uri"], "candidate")), Snapshot(
        store.open(snapshot, "snapshot")
    )


def test_items_that_stood_alone_are_recommended_by_their_likes_and_like_nothing(store):
    made, _snapshot = fitted(store, MIXED)
    assert sorted(made.item_ids) == sorted(
        ["1", "2", "5", "6", "9", "10"]
    )  # what the training part holds
    three, one = (list(made.item_ids).index(id) for id in ("9", "10"))
    assert sorted(made.cold.tolist()) == sorted([three, one])
    assert made.vectors[three].any() and made.vectors[one].any()
    assert (made.neighbours.rows[[three, one]] == -1).all()
    assert not made.encoder.inputs[[three, one]].any()


def test_who_liked_only_such_an_item_has_no_query(store):
    made, _ = fitted(store, MIXED)
    alone, other = (list(made.item_ids).index(id) for id in ("9", "1"))
    assert made.encoder.knows(
        Histories.of_lists([[alone], [other], [alone, other], []])
    ).tolist() == [False, True, True, False]


def test_a_query_needs_an_item_that_says_something():
    encoder = ScalesEncoder(np.array([[0, 0], [1, 0]], np.float32), [None], constant=True)
    assert encoder.knows(Histories.of_lists([[0], [1], [0, 1], []])).tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_likes_alone_place_an_item_between_the_least_and_the_most_liked():
    likes = np.array([1, 3, 7, 3, 100, 0])
    genres = GenrePredictor.of([[]] * 6, likes, np.array([True, True, True, False, False, False]))
    vectors = np.log1p(likes[:3])[:, None] * np.array([[1.0, -2.0]])
    made = genres.predict_by_likes(vectors, np.arange(3), np.array([3, 4, 5]))
    np.testing.assert_allclose(
        made, [vectors[1], vectors[2], vectors[0]], rtol=1e-4
    )  # beyond what was trained it is the edge


def test_cold_items_left_out_are_left_out(store):
    made, _ = fitted(store, MIXED, dataclasses.replace(SMALL, cold_items="leave-out"))
    assert not {"9", "10"} & set(made.item_ids)


def test_a_decoder_that_finds_nothing_is_left_out_and_refused_when_it_is_asked_for(store):
    """Two lists that have nothing in common: no item follows two others, and what is left of a list
    without its item is one item.
    """
    world = lists([0, 1, 2, 3], [4, 5, 6, 7])
    assert len(fitted(store, world)[0].item_ids) == 4


@pytest.mark.parametrize(
    "world",
    [lists(*[[i % 4, (i + 1) % 4, (i + 2) % 4] for i in range(20)]), lists([0, 1, 2])],
    ids=["two held out of three", "one user"],
)
def test_lists_of_one_are_refused_with_the_figures(store, world):
    with pytest.raises(RefusedData, match=r"got.*remedy"):
        fitted(store, world)


@pytest.mark.parametrize(
    "world",
    [
        lists(*[[0, 1, 2, 3, 4]] * 12),
        lists(list(range(9))),
        lists(*[[4 * i + j for j in range(4)] for i in range(6)]),
        lists([0, 1, 2, 3], [2, 3, 0, 1]),
        dataclasses.replace(MIXED, timestamps=np.full_like(MIXED.timestamps, worlds.START)),
    ],
    ids=["all alike", "one user", "every item once", "two users", "one second"],
)
@pytest.mark.parametrize("solver", ["dense", "low-rank"])
def test_small_worlds_train_or_are_refused(store, world, solver):
    try:
        made, _ = fitted(store, world, dataclasses.replace(SMALL, solver=solver))
    except RefusedData as refused:
        assert "remedy" in str(refused) and "got" in str(refused)
    else:
        assert np.isfinite(made.vectors).all() and made.vectors.any(axis=1).all()


@pytest.mark.parametrize(
    "labels, split, says",
    [
        (
            "validation",
            {"validation": 0},
            "no validation rows were held out.*split.validation: 0.*expected 1 or more; "
            "remedy: ingest the day again with split.validation of at least 1",
        ),
        (
            "validation",
            {"validation": 9},
            "no user of .* has validation rows: .*too short.*validation 9; 20 users with liked "
            "rows, 4 in the middle, 4 at most.*hold out fewer rows",
        ),
        ("test", {"test": 0}, "no test rows were held out.*split.test: 0"),
    ],
)
def test_what_was_not_held_out_is_told_from_what_is_too_short(store, labels, split, says):
    world = MIXED if split != {"validation": 9} else lists(*[[0, 1, 2, 3]] * 20)
    snapshot = Snapshot(
        store.open(
            worlds.snapshot(
                store,
                world,
                **{"test": 1 if labels == "validation" else 0, "validation": 0} | split
                if split != {"validation": 9}
                else {"test": 4, "validation": 9},
            ),
            "snapshot",
        )
    )
    with pytest.raises(RefusedData, match=says):
        snapshot.queries(labels)


@pytest.mark.parametrize(
    "method, name", [("users", "validation_share"), ("temporal", "validation_days")]
)
def test_the_setting_is_named_by_the_method_of_the_split(store, method, name):
    snapshot = Snapshot(store.open(worlds.snapshot(store, MIXED, test=1, validation=0), "snapshot"))
    snapshot.artefact.facts["split"] = {"method": method, name: 0, "validation": 1}
    with pytest.raises(
        RefusedData,
        match=rf"split.{name}: 0.*ingest the day again with split.{name} (above 0|of at least 1)",
    ):
        snapshot.queries("validation")
