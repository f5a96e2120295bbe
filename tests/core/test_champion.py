"""Whose space a new model keeps: never that of a model which has seen the day's held-out rows."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.registry.champion import find_champion, latest_before
from tasks.core.retrieval.candidate import Candidate, save_candidate
from tasks.core.retrieval.encoders import MeanEncoder
from tasks.core.store.store import Store

VECTORS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path.as_uri())


def made(store: Store, day: str, before: str | None = None, family: str = "toy") -> Candidate:
    name = day.replace("-", "")
    with store.writing("candidate", "candidates", family, name) as draft:
        save_candidate(draft.path, list("abcde"), VECTORS, MeanEncoder(VECTORS))
        draft.facts, draft.lineage = {"family": family, "day": day}, {"champion": before}
    return Candidate(store.find("candidates", family, name))


def test_a_candidate_given_by_hand_is_found_without_a_registry(store, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    one = made(store, "2026-11-01")
    found = find_champion(store, "toy", one.artefact.uri)
    assert found.candidate.artefact.id == one.artefact.id and found.version is None
    assert find_champion(store, "toy", None, registry=False) is None


def test_another_family_and_a_folder_that_is_gone_are_named(store):
    with pytest.raises(
        BadRequest, match=r"champion is of another family.*got 'other.*a candidate of toy"
    ):
        find_champion(store, "toy", made(store, "2026-11-01", family="other").artefact.uri)
    with pytest.raises(BadRequest, match="there is no complete candidate here"):
        find_champion(store, "toy", store.path("candidates", "toy", "gone").as_uri())


def test_the_champion_of_an_earlier_day_is_taken(store):
    assert latest_before(store, made(store, "2026-11-01"), "2026-11-02").artefact.id == "20261101"


def test_a_day_that_is_run_again_finds_what_it_began_with(store):
    made(store, "2026-11-01")
    made(store, "2026-11-02", "20261101")
    champion = made(store, "2026-11-03", "20261102")
    assert [
        found and found.artefact.id
        for found in (latest_before(store, champion, f"2026-11-0{day}") for day in (4, 3, 2, 1))
    ] == ["20261103", "20261102", "20261101", None]


def test_a_forebear_that_was_deleted_ends_the_search(store):
    assert latest_before(store, made(store, "2026-11-03", "20261102"), "2026-11-03") is None
