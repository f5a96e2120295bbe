"""The verb on planted worlds: taste by attribute, by history, by genre; bad input; work found
done.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.registry.run_recorder import settings_digest
from tasks.core.retrieval.top_k import top_k
from tasks.core.store.arrays import load
from tasks.core.torch import checkpoint, hardware
from tasks.two_tower import memory_estimate, trainer, training_data
from tasks.two_tower.fit import fit
from tasks.two_tower.model import Shape
from tasks.two_tower.settings import Settings
from tests import worlds
from tests.two_tower.conftest import NEW_ITEMS, SMALL, candidate, request, with_new_items

WORLD = with_new_items(worlds.grouped(users=150, items=150, likes=20))


@pytest.fixture(scope="module")
def grouped(store):
    fit_request = request(store, WORLD, "grouped")
    return fit_request, fit(fit_request)


def share_of_group(
    made, queries: np.ndarray, groups: list[int], k: int = 10, seen: Histories | None = None
) -> float:
    """The share of the k best that are of each query's group."""
    best = top_k(queries, made.vectors, k, seen)
    return float((WORLD.item_group[best] == np.array(groups)[:, None]).mean())


def nobody(count: int) -> Histories:
    return Histories.of_lists([[]] * count)


def test_a_new_user_gets_the_groups_items_from_the_attribute_alone(store, grouped):
    made = candidate(store, grouped[1])
    queries = made.encoder.encode(
        nobody(3), UserAttributes(3, {"group": ["0", "1", "2"], "id": ["new 1", "new 2", None]})
    )
    assert share_of_group(made, queries, [0, 1, 2]) > 0.95


def test_a_user_is_known_by_the_history_alone(store, grouped):
    made = candidate(store, grouped[1])
    queries = made.encoder.encode(Histories.of_lists([[0, 3, 6], [1, 4, 7], [2, 5, 8]]))
    assert share_of_group(made, queries, [0, 1, 2]) > 0.9


def test_a_known_user_is_known_by_the_id_alone(store):
    settings = dataclasses.replace(
        SMALL, user_features=("id",), history_decays=(), id_dropout=0.1, epochs=12
    )
    made = candidate(store, fit(request(store, WORLD, "ids", settings)))
    ids = [WORLD.user_id(row) for row in range(30)]
    assert made.encoder.columns == ("id",)
    assert (
        share_of_group(
            made,
            made.encoder.encode(nobody(30), UserAttributes(30, {"id": ids})),
            [row % 3 for row in range(30)],
        )
        > 0.9
    )


def test_a_new_item_is_told_as_one_that_was_not_trained(store, grouped):
    """New items of one genre have one vector, which is no fault: the gate looks at the trained
    ones.
    """
    made = candidate(store, grouped[1])
    assert made.cold.tolist() == list(range(len(made.item_ids) - NEW_ITEMS, len(made.item_ids)))


def test_a_new_item_stands_with_its_genre_and_never_at_zero(store, grouped):
    made = candidate(store, grouped[1])
    assert len(made.item_ids) == len(WORLD.item_group) and np.any(made.vectors, axis=1).all()
    queries = made.encoder.encode(nobody(3), UserAttributes(3, {"group": ["0", "1", "2"]}))
    scores = queries @ made.vectors[-NEW_ITEMS:].T
    assert (scores.argmax(0) == WORLD.item_group[-NEW_ITEMS:]).all()
    similar = made.neighbours.rows[-NEW_ITEMS:, :5]
    assert (WORLD.item_group[similar] == WORLD.item_group[-NEW_ITEMS:, None]).all()


def test_whoever_is_known_by_nothing_has_a_query_of_zeros(store, grouped):
    made = candidate(store, grouped[1])
    users = UserAttributes(
        4,
        {
            "id": ["new", "new", None, "new"],
            "group": [None, "unheard of", "", "1"],
            "zodiac": ["lion"] * 4,
        },
    )
    queries = made.encoder.encode(nobody(4), users)
    assert made.encoder.knows(nobody(4), users).tolist() == [False, False, False, True]
    assert not queries[:3].any() and queries[3].any() and not made.encoder.encode(nobody(2)).any()


def test_the_candidate_tells_what_it_was_made_of(store, grouped):
    fit_request, result = grouped
    made = candidate(store, result)
    assert (
        made.artefact.facts["user_features"] == "id,group(3)"
        and made.artefact.facts["item_features"] == "id,genres(3)"
    )
    assert made.artefact.counts == {"items": 162, "new_items": NEW_ITEMS} and made.artefact.lineage[
        "parents"
    ] == [fit_request.snapshot]
    assert (
        result["metrics"]["validation_recall_50"] > 0.95
        and result["metrics"]["validation_recall_50_newcomers"] > 0.9
    )
    assert result["dimension"] == SMALL.dimension + 1 and not store.names(
        "checkpoints", "two_tower"
    )


def test_work_is_found_done_and_a_seed_gives_the_same_vectors(store, grouped, tmp_path):
    fit_request, result = grouped
    assert fit(fit_request) == result
    elsewhere, short = worlds.Store(tmp_path.as_uri()), dataclasses.replace(SMALL, epochs=1)
    same, again = (
        fit(dataclasses.replace(fit_request, settings=short)),
        fit(request(elsewhere, WORLD, "grouped", short)),
    )
    other = fit(dataclasses.replace(fit_request, settings=short, seed=1))
    vectors = [
        load(candidate(where, made).artefact.path / "candidates.npy")
        for where, made in ((store, same), (elsewhere, again), (store, other))
    ]
    assert vectors[0].tobytes() == vectors[1].tobytes() and not np.array_equal(
        vectors[0], vectors[2]
    )


def test_the_squared_error_learns_what_is_rated_high(store):
    planted = worlds.grouped(
        users=120, items=60, likes=19, noise=1.0, seed=3
    )  # from anywhere, and rated by the group
    own = planted.user_group[planted.users] == planted.item_group[planted.items]
    planted = dataclasses.replace(planted, ratings=np.where(own, 5, 1).astype(np.float32))
    settings = dataclasses.replace(
        SMALL, loss="ratings", epochs=12, user_features=("group",), history_decays=()
    )
    made = candidate(store, fit(request(store, planted, "rated", settings)))
    scores = (
        made.encoder.encode(nobody(3), UserAttributes(3, {"group": ["0", "1", "2"]}))
        @ made.vectors.T
    )
    right = planted.item_group[None] == np.arange(3)[:, None]
    assert scores[right].mean() == pytest.approx(1, abs=0.2) and scores[
        ~right
    ].mean() == pytest.approx(0, abs=0.2)


def test_squared_error_without_ratings_that_differ_is_refused(store, grouped):
    planted = dataclasses.replace(WORLD, ratings=np.full(len(WORLD.ratings), 5, np.float32))
    with pytest.raises(BadRequest, match="needs ratings that differ"):
        fit(request(store, planted, "flat", dataclasses.replace(SMALL, loss="ratings")))


def test_a_feature_that_is_not_there_is_refused_with_what_is(store, grouped):
    for settings, message in (
        (
            {"user_features": ("age", "group")},
            r"users has no such column; got \['age'\].*id, group",
        ),
        ({"item_features": ("brand",)}, r"items has no such column.*id, genres"),
    ):
        with pytest.raises(BadRequest, match=message):
            fit(dataclasses.replace(grouped[0], settings=dataclasses.replace(SMALL, **settings)))


def test_a_catalogue_of_one_item_is_refused(store):
    with pytest.raises(RefusedData, match="1 items are met"):
        fit(request(store, worlds.chained(users=5, items=1, length=8), "one"))


def test_users_with_empty_histories_are_served_by_what_else_is_known(store, grouped):
    fit_request, result = grouped
    made, snapshot = (
        candidate(store, result),
        Snapshot(store.open(fit_request.snapshot, "snapshot")),
    )
    everybody, empty = snapshot.attributes(made.encoder.columns), nobody(len(snapshot.user_ids))
    assert (
        made.encoder.knows(empty, everybody).all()
        and np.isfinite(made.encoder.encode(empty, everybody)).all()
    )


def test_a_loss_that_is_no_number_stops_at_once_and_keeps_the_last_good_epoch(store, grouped):
    original = trainer.Trainer.epoch

    def poison(self, number, progress):
        if number == 2:
            with torch.no_grad():
                self.model.output.weight[0, 0] = float("nan")
        return original(self, number, progress)

    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(BadRequest, match=r"nan in epoch 2; \d+ examples, .*output.weight"),
    ):
        patch.setattr(trainer.Trainer, "epoch", poison)
        fit(dataclasses.replace(grouped[0], seed=3))
    (scratch,) = store.names("checkpoints", "two_tower")
    assert checkpoint.load(store.path("checkpoints", "two_tower", scratch)).epoch == 1
    assert store.find("candidates", "two_tower", scratch) is None


def test_a_training_that_is_killed_goes_on_and_ends_like_an_unbroken_one(
    store, grouped, tmp_path, monkeypatch
):
    real, settings = checkpoint.save, dataclasses.replace(SMALL, epochs=3)
    expected = fit(dataclasses.replace(grouped[0], settings=settings))

    def save_then_stop(folder, standing):
        real(folder, standing)
        if standing.epoch == 2:
            raise KeyboardInterrupt

    broken = worlds.Store(tmp_path.as_uri())
    fit_request = request(broken, WORLD, "grouped", settings)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(checkpoint, "save", save_then_stop)
        fit(fit_request)
    again = fit(fit_request)
    assert (again["id"], again["epochs"], again["metrics"]) == (
        expected["id"],
        expected["epochs"],
        expected["metrics"],
    )
    for name in ("candidates.npy", "encoder.hidden.npy", "encoder.user_vectors.npy"):
        one, other = (
            load(candidate(where, made).artefact.path / name).tobytes()
            for where, made in ((store, expected), (broken, again))
        )
        assert one == other


def test_too_little_memory_is_said_before_anything_is_trained(store, grouped, monkeypatch):
    monkeypatch.setattr(hardware, "available_bytes", lambda device: 10e6)
    settings = dataclasses.replace(SMALL, epochs=1)
    with pytest.raises(
        BadRequest,
        match=r"would need about .* GB of memory; got '0.01 GB free on "
        "(cpu|cuda:0)'.*batch_examples",
    ):
        fit(dataclasses.replace(grouped[0], settings=settings, seed=99))


def test_the_memory_that_is_told_grows_with_what_takes_it():
    def gigabytes(items: int, **settings) -> float:
        chosen = dataclasses.replace(Settings(), **settings)
        return (
            memory_estimate.estimate_bytes(
                chosen,
                Shape(
                    items, 6000, 20, 30, chosen.dimension, chosen.hidden, chosen.history_decays, 0.2
                ),
                10**6,
            )
            / 1e9
        )

    assert gigabytes(5000) < gigabytes(5000, batch_examples=50_000) and gigabytes(
        5000, window=10
    ) < gigabytes(5000)
    assert 2.5 < gigabytes(1_000_000) - gigabytes(5000) < 20


@pytest.mark.parametrize("likes, ids", [(8, False), (20, True)])
def test_the_ids_of_users_are_learned_where_lists_are_long_enough_to_learn_one(
    store, likes, ids, monkeypatch
):
    monkeypatch.setattr(training_data, "SHORT_LIST_ROWS", 12)
    fit_request = request(
        store,
        worlds.grouped(users=60, items=60, likes=likes),
        f"lists_of_{likes}",
        dataclasses.replace(SMALL, epochs=1),
    )
    made = candidate(store, fit(fit_request))
    assert ("id" in made.encoder.columns) is ids and "group" in made.encoder.columns


def test_what_the_rows_decide_stands_in_the_lineage_and_counts_as_the_same_settings(
    store, monkeypatch
):
    monkeypatch.setattr(training_data, "SHORT_LIST_ROWS", 12)
    given = dataclasses.replace(SMALL, epochs=None, patience=1)
    made = candidate(
        store, fit(request(store, worlds.grouped(users=40, items=40, likes=8), "decided", given))
    ).artefact
    assert (made.lineage["settings"]["epochs"], made.lineage["settings"]["user_features"]) == (
        10,
        ["group"],
    )
    assert made.facts["settings_digest"] == settings_digest(given)
