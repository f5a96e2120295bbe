"""The verb on planted worlds: recommendations, similar items and the next item are the planted
ones; work is found done.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.top_k import top_k
from tasks.core.store.arrays import load
from tasks.core.store.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tests import worlds

SMALL = Settings(
    trainer="gensim",
    decoder="none",
    dimension=16,
    epochs=20,
    walk_words=2,
    corpus="mixed",
    negative_exponent=0.2,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(tmp_path_factory.mktemp("store").as_uri())


def request(
    store: Store, world: worlds.World, dataset: str, settings: Settings = SMALL, **fields
) -> FitRequest:
    snapshot = worlds.snapshot(store, world, dataset=dataset)
    graph = build(BuildRequest(store.root.as_uri(), dataset=dataset, snapshot=snapshot))
    return FitRequest(store.root.as_uri(), graph["uri"], settings=settings, track=False, **fields)


def candidate(store: Store, result: dict) -> Candidate:
    return Candidate(store.open(result["uri"], "candidate"))


@pytest.fixture(scope="module")
def grouped(store):
    world = worlds.grouped(users=150, items=90, likes=14)
    fit_request = request(store, world, "grouped")
    return world, fit_request, fit(fit_request)


def own_group(
    world,
    made: Candidate,
    queries: np.ndarray,
    vectors: np.ndarray,
    histories: Histories,
    k: int = 10,
) -> float:
    """The share of recommended items that belong to the user's group, seen items left out."""
    groups = world.item_group[np.array([int(item) - 1 for item in made.item_ids])]
    best = top_k(queries, vectors, k, histories)
    return float((groups[best] == world.user_group[:, None]).mean())


def histories_of(store, fit_request, made: Candidate) -> Histories:
    snapshot = Snapshot(
        store.open(store.open(fit_request.graph, "graph").lineage["parents"][0], "snapshot")
    )
    return snapshot.histories("train").remap_items(made.rows_of(snapshot.item_ids))


@pytest.mark.parametrize("corpus", ["walks", "sequences", "mixed"])
def test_recommends_from_the_users_own_group(store, grouped, corpus):
    world, fit_request, _ = grouped
    made = candidate(
        store,
        fit(dataclasses.replace(fit_request, settings=dataclasses.replace(SMALL, corpus=corpus))),
    )
    histories = histories_of(store, fit_request, made)
    assert own_group(world, made, made.encoder.encode(histories), made.vectors, histories) > 0.99


def test_while_it_trains_it_says_which_epoch_it_is_and_how_good_the_last_one_was(grouped, capfd):
    fit(dataclasses.replace(grouped[1], settings=dataclasses.replace(SMALL, epochs=2), seed=7))
    log = capfd.readouterr().err
    assert (
        "progress: epoch 1 of 2, 0 % done" in log
        and "progress: validation of epoch 2 of 2, about " in log
    )
    assert re.search(
        r"progress: epoch 2 of 2, about \d+ s left, recall@50 \S+ \(the best\), 50 % done", log
    )


def test_cbow_recommends_from_the_users_own_group(store, grouped):
    world, fit_request, _ = grouped
    made = candidate(
        store,
        fit(
            dataclasses.replace(fit_request, settings=dataclasses.replace(SMALL, algorithm="cbow"))
        ),
    )
    histories = histories_of(store, fit_request, made)
    assert own_group(world, made, made.encoder.encode(histories), made.vectors, histories) > 0.99


@pytest.mark.parametrize("corpus", ["walks", "sequences", "mixed"])
def test_the_closed_form_with_what_is_chosen_on_validation_recommends_from_the_users_own_group(
    store, grouped, corpus
):
    world, fit_request, _ = grouped
    result = fit(dataclasses.replace(fit_request, settings=Settings(corpus=corpus)))
    made = candidate(store, result)
    histories = histories_of(store, fit_request, made)
    assert own_group(world, made, made.encoder.encode(histories), made.vectors, histories) > 0.99
    decoders = ("none", "leave_one_out", "causal", "blended")
    assert result["metrics"]["validation_recall_50"] == max(
        result["metrics"][f"validation_recall_50_{name}"] for name in decoders
    )
    choice = store.open(result["uri"], "candidate").facts["choice"]
    assert len(choice["decays"]) == {"causal": 2, "blended": 3}.get(choice["decoder"], 1)


def test_similar_items_share_the_group(store, grouped):
    world, _, result = grouped
    made = candidate(store, result)
    groups = world.item_group[np.array([int(item) - 1 for item in made.item_ids])]
    assert (groups[made.neighbours.rows[:, :5]] == groups[:, None]).mean() > 0.99


def test_the_next_of_a_chain_is_among_the_first_and_a_query_meets_output_vectors(store):
    """After 6, 7, 8 comes 9: outputs predict neighbours. Inputs searched with inputs find what has
    the same neighbours as 8, as 10 has.
    """
    fit_request = request(
        store,
        worlds.chained(users=400),
        "chained",
        Settings(
            trainer="gensim",
            decoder="none",
            popularity=0,
            corpus="sequences",
            window=1,
            dimension=16,
            epochs=40,
            patience=40,
            query_decay=0.5,
        ),
    )
    made = candidate(store, fit(fit_request))
    numbers = np.array([int(item) - 1 for item in made.item_ids])
    row = {number: place for place, number in enumerate(numbers)}
    histories = Histories.of_lists(
        [[row[(last - back) % 30] for back in (2, 1, 0)] for last in range(30)]
    )
    following = np.array([row[(last + 1) % 30] for last in range(30)])
    best = top_k(made.encoder.encode(histories), made.vectors, 3, histories)
    assert (best == following[:, None]).any(axis=1).mean() > 0.95
    inputs = top_k(made.encoder.encode(histories), made.encoder.inputs, 3, histories)
    assert (inputs == following[:, None]).any(axis=1).mean() < 0.6


def test_the_candidate_says_what_it_is_made_of(store, grouped):
    _, fit_request, result = grouped
    made = store.open(result["uri"], "candidate")
    assert {name: made.facts[name] for name in ("family", "day", "dataset", "dimension")} == {
        "family": "item2vec",
        "day": worlds.DAY,
        "dataset": "grouped",
        "dimension": 16,
    }
    assert {"snapshot", "settings_digest", "code"} <= made.facts.keys()
    assert made.lineage["parents"][0] == fit_request.graph and made.lineage["seed"] == 0
    assert made.lineage["settings"]["walk_words"] == 2
    assert (
        result["items"] == made.counts["items"] == 90
        and 0 < result["metrics"]["validation_recall_50"] <= 1
    )


def test_same_seed_same_vectors_and_another_seed_another_candidate(store, grouped, tmp_path):
    _, fit_request, result = grouped
    again = Store(tmp_path.as_uri())
    second = fit(request(again, worlds.grouped(users=150, items=90, likes=14), "grouped"))
    assert second["id"] == result["id"]
    for name in ("candidates.npy", "neighbours.npy", "encoder.inputs.npy"):
        assert (
            load(again.open(second["uri"], "candidate").path / name)
            == load(store.open(result["uri"], "candidate").path / name)
        ).all()
    assert fit(dataclasses.replace(fit_request, seed=1))["id"] != result["id"]


def test_finds_its_work_done(store, grouped):
    _, fit_request, result = grouped
    created = store.open(result["uri"], "candidate").created
    assert fit(fit_request) == result and store.open(result["uri"], "candidate").created == created


def test_stops_early_and_keeps_the_best_epoch(store, grouped):
    _, fit_request, _ = grouped
    result = fit(
        dataclasses.replace(
            fit_request, settings=dataclasses.replace(SMALL, epochs=500, patience=2)
        )
    )
    assert result["epochs"] < 100


def test_items_below_minimum_count_are_left_out(store):
    world = worlds.grouped(users=60, items=90, likes=8)
    fit_request = request(
        store, world, "sparse", dataclasses.replace(SMALL, minimum_count=3, cold_items="leave-out")
    )
    result = fit(fit_request)
    made = candidate(store, result)
    counts = np.bincount(histories_of(store, fit_request, made).items, minlength=len(made.item_ids))
    assert counts.min() >= 3 and result["items"] < 90
    assert store.open(result["uri"], "candidate").counts["items_left_out"] == 90 - result["items"]


def test_refuses_what_cannot_be_learned_from(store, grouped):
    _, fit_request, _ = grouped
    with pytest.raises(RefusedData, match="lower minimum_count"):
        fit(
            dataclasses.replace(
                fit_request, settings=dataclasses.replace(SMALL, minimum_count=1000)
            )
        )
    other = worlds.snapshot(store, worlds.chained(), dataset="other")
    with pytest.raises(BadRequest, match="built from another snapshot"):
        fit(dataclasses.replace(fit_request, snapshot=other))
    with pytest.raises(BadRequest, match="no complete graph"):
        fit(dataclasses.replace(fit_request, graph=fit_request.graph + "0"))


def test_another_law_of_walks_is_a_change_and_another_day_is_none(store):
    """The gate asks a change to be better and a refresh to be not worse: it tells them apart by
    this digest.
    """
    world, root = worlds.grouped(users=60, items=30, likes=8), store.root.as_uri()
    days = [
        worlds.snapshot(store, world, dataset="laws", day=day)
        for day in ("2026-01-14", "2026-01-15")
    ]

    def digest(snapshot: str, **law) -> str:
        graph = build(BuildRequest(root, dataset="laws", snapshot=snapshot, **law))
        fitted = fit(
            FitRequest(root, graph["uri"], settings=Settings(cold_items="leave-out"), track=False)
        )
        return store.open(fitted["uri"], "candidate").facts["settings_digest"]

    one = digest(days[0])
    assert one == digest(days[1])
    assert (
        len(
            {
                one,
                digest(days[0], law="window"),
                digest(days[0], law="window", window_places=2),
                digest(days[0], entrance="uniform"),
            }
        )
        == 4
    )
