"""Day over day on a planted world: what is kept, what is counted, when a model has to begin
anew.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.arrays import load
from tasks.core.store.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tests import worlds

GENSIM = Settings(
    trainer="gensim",
    decoder="none",
    popularity=0,
    dimension=16,
    epochs=20,
    walk_words=2,
    negative_exponent=0.2,
)
NETMF = Settings(trainer="netmf", decoder="causal", dimension=16)
FIRST, SECOND, THIRD = "1998-04-15", "1998-04-16", "1998-04-17"


def world(more: int = 0, noise: float = 0.3) -> worlds.World:
    """The first day's users; `more` have come since, and ten items that nobody has liked yet."""
    return worlds.grouped(users=150 + more, items=100, likes=14, noise=noise)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(tmp_path_factory.mktemp("store").as_uri())


def ask(
    store: Store,
    day: str,
    settings: Settings,
    champion: dict | None = None,
    of: worlds.World | None = None,
    test: int = 3,
    **fields,
) -> dict:
    """The result of a fit on a day; every day has a few users more."""
    snapshot = worlds.snapshot(store, of or world(int(day[-2:]) - 15), day, test, dataset="days")
    graph = build(BuildRequest(store.root.as_uri(), dataset="days", snapshot=snapshot))
    return fit(
        FitRequest(
            store.root.as_uri(),
            graph["uri"],
            settings=settings,
            track=False,
            champion=champion and champion["uri"],
            **fields,
        )
    )


def made(store: Store, result: dict) -> Candidate:
    return Candidate(store.open(result["uri"], "candidate"))


@pytest.fixture(scope="module", params=[GENSIM, NETMF], ids=["gensim", "netmf"])
def first(store, request):
    return request.param, ask(store, FIRST, request.param)


def scores(store: Store, result: dict) -> np.ndarray:
    """Of everybody who likes something, for every item; rows and columns by id."""
    candidate = made(store, result)
    facts = candidate.artefact.facts
    snapshot = Snapshot(store.find("snapshots", facts["dataset"], facts["day"], facts["snapshot"]))
    places = candidate.rows_of(snapshot.item_ids)
    return (
        candidate.encoder.encode(snapshot.histories("train").remap_items(places))
        @ candidate.vectors[places[places >= 0]].T
    )


def test_a_first_model_is_compared_with_none(store, first):
    assert (
        first[1]["stability"] is None and made(store, first[1]).artefact.lineage["champion"] is None
    )


def test_alignment_changes_no_score_and_brings_the_vectors_back(store, first):
    settings, champion = first
    anew = dataclasses.replace(settings, warm_start=False)
    turned, left = (
        ask(store, SECOND, anew, champion, seed=1),
        ask(store, SECOND, dataclasses.replace(anew, align=False), champion, seed=1),
    )
    np.testing.assert_allclose(
        scores(store, turned), scores(store, left), atol=1e-4 * np.abs(scores(store, left)).max()
    )
    assert turned["metrics"] == pytest.approx(left["metrics"], abs=1e-3)
    assert turned["stability"]["neighbours_10"] == pytest.approx(
        left["stability"]["neighbours_10"], abs=0.02
    )
    assert turned["stability"]["cosine"] > left["stability"]["cosine"] + 0.3


def test_a_warm_start_keeps_more_of_the_neighbours(store):
    champion = ask(store, FIRST, GENSIM)
    warm, cold = (
        ask(store, SECOND, dataclasses.replace(GENSIM, warm_start=on), champion, seed=1)
        for on in (True, False)
    )
    assert warm["stability"]["neighbours_10"] > cold["stability"]["neighbours_10"] + 0.1
    assert (
        warm["stability"]["cosine"] > 0.95
        and warm["metrics"]["validation_recall_50"] > cold["metrics"]["validation_recall_50"] - 0.05
    )


def test_the_champion_is_one_of_the_inputs_and_a_retry_finds_its_work_done(store, first):
    settings, champion = first
    alone, after = ask(store, SECOND, settings), ask(store, SECOND, settings, champion)
    assert alone["id"] != after["id"] and ask(store, SECOND, settings, champion) == after
    artefact = made(store, after).artefact
    assert (
        artefact.lineage["champion"] == champion["id"]
        and champion["uri"] in artefact.lineage["parents"]
    )


def test_a_day_that_is_run_again_after_its_promotion_is_found_done(store, first):
    settings, champion = first
    second = ask(store, SECOND, settings, champion)
    assert ask(store, SECOND, settings, second)["id"] == second["id"], (
        "it goes back to the model of the day before"
    )


def test_a_refresh_stays_a_refresh_whether_it_goes_on_or_begins_anew(store, first):
    settings, champion = first
    results = [
        champion,
        ask(store, SECOND, settings, champion),
        ask(store, SECOND, dataclasses.replace(settings, warm_start=False, align=False)),
    ]
    digests = {made(store, result).artefact.facts["settings_digest"] for result in results}
    assert len(digests) == 1
    changed = ask(store, SECOND, dataclasses.replace(settings, warm_share=0.5), champion)
    assert made(store, changed).artefact.facts["settings_digest"] not in digests


def test_a_model_that_has_seen_the_day_is_refused_when_named(store, first):
    settings, champion = first
    with pytest.raises(
        BadRequest, match=f"has seen what is held out.*{FIRST}.*a candidate of a day before {FIRST}"
    ):
        ask(store, FIRST, settings, champion)


@pytest.mark.parametrize(
    "why, settings, more",
    [
        ("its vectors have 16 dimensions, these 8", {"dimension": 8}, {}),
        ("its rows were divided otherwise", {}, {"test": 2}),
    ],
)
def test_what_cannot_be_gone_on_from_is_told_and_a_model_begins_anew(
    store, first, capfd, why, settings, more
):
    own, champion = first
    result = ask(store, SECOND, dataclasses.replace(own, **settings), champion, **more)
    assert why in capfd.readouterr().err and result["metrics"]["validation_recall_50"] > 0.3
    assert (
        result["stability"]["neighbours_10"] > 0
    )  # neighbours are lists of ids: they can be compared anyhow


def test_a_champion_whose_items_are_all_gone_is_told(store, first, capfd, monkeypatch):
    settings, champion = first
    monkeypatch.setattr(worlds.World, "item_id", lambda self, row: f"new-{row}")
    other = dataclasses.replace(world(), items=world().items[::-1].copy())  # another snapshot id
    result = ask(store, SECOND, settings, champion, other)
    assert "none of its items is left" in capfd.readouterr().err
    assert (
        result["stability"] == {"common_items": 0}
        and result["metrics"]["validation_recall_50"] > 0.2
    )


def test_a_candidate_without_trained_vectors_is_told(store, first, capfd, monkeypatch):
    settings, _ = first
    with monkeypatch.context() as older:
        older.setattr("tasks.core.models.decoders.export.save_state", lambda *_: None)
        champion = ask(store, FIRST, settings, seed=9)
    ask(store, SECOND, settings, champion)
    assert "an older version wrote it" in capfd.readouterr().err


def test_what_training_left_is_there_for_the_next_day(store, first):
    candidate = made(store, first[1])
    rows, inputs, outputs = (
        load(candidate.artefact.file(f"trained.{name}.npy"))
        for name in ("rows", "inputs", "outputs")
    )
    assert (
        len(rows)
        == len(inputs)
        == len(outputs)
        == candidate.artefact.counts["items"] - candidate.artefact.counts["items_cold"]
    )
    assert inputs.shape[1] == 16 and (np.diff(rows) > 0).all()
