"""Input vectors from elsewhere: as the Spark trainer leaves them, they recommend like any
others.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.snapshot import Snapshot
from tasks.core.store.arrays import save
from tasks.core.store.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tests import worlds
from tests.item2vec.test_fit import candidate, histories_of, own_group

WORLD = worlds.grouped(users=120, items=60, likes=14)


def learned(store: Store, of: Snapshot, name: str, **changed) -> str:
    """Vectors of 8 dimensions in which a group is near, as `graph word2vec` stores them, without
    output vectors and item 3.
    """
    rows = np.setdiff1d(np.arange(60), [3]).astype(np.int32)
    inputs = np.eye(8)[
        WORLD.item_group[[int(of.item_ids[row]) - 1 for row in rows]]
    ] + 0.1 * np.random.default_rng(0).normal(size=(59, 8))
    with store.writing("vectors", "vectors", "given", name) as draft:
        save(draft.path / "rows.npy", rows)
        save(draft.path / "inputs.npy", inputs.astype(np.float32))
        draft.facts = {
            "dataset": "given",
            "day": of.day,
            "snapshot": of.id,
            "trainer": "spark",
            "dimension": 8,
            **changed,
        }
        draft.lineage = {"parents": []}
    return store.path("vectors", "given", name).as_uri()


@pytest.fixture(scope="module")
def fit_request(tmp_path_factory):
    """A store, its snapshot, and a request on its graph."""
    store = Store(tmp_path_factory.mktemp("given").as_uri())
    uri = worlds.snapshot(store, WORLD, dataset="given")
    graph = build(BuildRequest(store.root.as_uri(), dataset="given", snapshot=uri))
    settings = Settings(cold_items="leave-out")
    return (
        store,
        Snapshot(store.open(uri, "snapshot")),
        FitRequest(store.root.as_uri(), graph["uri"], settings=settings, track=False),
    )


def test_the_users_group_is_recommended_from_vectors_without_outputs(fit_request):
    store, snapshot, request = fit_request
    uri = learned(store, snapshot, "one")
    with_vectors = dataclasses.replace(request, vectors=uri)
    made = candidate(store, fit(with_vectors))
    histories = histories_of(store, request, made)
    assert (
        own_group(WORLD, made, made.encoder.encode(histories), made.vectors, histories, k=5) > 0.95
    )
    assert snapshot.item_ids[3] not in list(made.item_ids) and len(made.item_ids) == 59
    assert uri in made.artefact.lineage["parents"]
    of_own = candidate(store, fit(request)).artefact.facts["settings_digest"]
    assert made.artefact.facts["settings_digest"] != of_own, (
        "vectors of another trainer are a change, not a refresh"
    )
    assert fit(with_vectors)["id"] == made.artefact.id != fit(request)["id"]


def test_vectors_of_another_snapshot_are_refused(fit_request):
    store, snapshot, request = fit_request
    with pytest.raises(
        BadRequest, match=r"another snapshot, whose item rows differ.*walk on this snapshot's graph"
    ):
        fit(dataclasses.replace(request, vectors=learned(store, snapshot, "two", snapshot="other")))


def test_a_minimum_count_that_leaves_no_vector_is_refused(fit_request):
    store, snapshot, request = fit_request
    counts = np.bincount(snapshot.histories("train").items, minlength=60)
    with pytest.raises(RefusedData, match="lower minimum_count"):
        fit(
            dataclasses.replace(
                request,
                vectors=learned(store, snapshot, "three"),
                settings=Settings(minimum_count=int(counts.max()) + 1),
            )
        )
