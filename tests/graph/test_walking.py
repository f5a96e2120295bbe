"""Walks written to files are the walks of the walker, a shard at a time."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import BadRequest, Corrupt
from tasks.core.data.graph import LAWS, Graph
from tasks.core.models.walks import walk
from tasks.core.store.store import Store
from tasks.graph import walk_files
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest, WalkRequest
from tasks.graph.walk_shards import write_walks
from tests import worlds


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = Store(tmp_path_factory.mktemp("store").as_uri())
    worlds.snapshot(made, worlds.grouped())
    return made


@pytest.fixture(scope="module")
def graph(store):
    return build(BuildRequest(store.root.as_uri(), dataset="planted"))["uri"]


def read(store: Store, uri: str) -> np.ndarray:
    rows = [
        pq.read_table(file)["walk"].to_pylist()
        for file in sorted((store.open(uri, "walks").path / "walks").iterdir())
    ]
    return np.array([row for part in rows for row in part])


def test_shards_hold_the_walks_in_order(store, graph, monkeypatch, capfd):
    monkeypatch.setattr(walk_files, "SHARD_STEPS", 1000)
    result = write_walks(WalkRequest(store.root.as_uri(), graph, walks=501, length=6, seed=3))
    assert (result["walks"], result["steps"]) == (501, 3006)
    expected = walk(Graph(store.open(graph, "graph")).tables, 0, 501, 6, seed=3)
    made = store.open(result["uri"], "walks")
    assert (read(store, result["uri"]) == expected).all() and len(made.files) == 4
    log = capfd.readouterr().err
    assert "progress: drawing walks, 100 % done" in log and "steps/s" in log


def test_threads_do_not_change_the_walks_and_work_is_found_done(store, graph):
    one = write_walks(WalkRequest(store.root.as_uri(), graph, walks=300, seed=1))
    created = store.open(one["uri"], "walks").created
    assert write_walks(WalkRequest(store.root.as_uri(), graph, walks=300, seed=1, threads=2)) == one
    assert store.open(one["uri"], "walks").created == created
    assert (
        write_walks(WalkRequest(store.root.as_uri(), graph, walks=300, seed=2))["id"] != one["id"]
    )


@pytest.mark.parametrize("law", list(LAWS))
def test_every_law_is_walked(store, law):
    made = build(BuildRequest(store.root.as_uri(), dataset="planted", law=law))["uri"]
    walks = read(
        store, write_walks(WalkRequest(store.root.as_uri(), made, walks=200, length=1))["uri"]
    )
    assert walks.shape == (200, 1)


def test_a_graph_that_is_not_there_or_of_a_newer_law_is_refused(store, graph, monkeypatch):
    with pytest.raises(BadRequest, match="no complete graph"):
        write_walks(WalkRequest(store.root.as_uri(), graph + "0"))
    monkeypatch.setattr(LAWS["cooccurrence"], "version", 99)
    with pytest.raises(Corrupt, match=r"version 2.*expected 'cooccurrence' version 99"):
        write_walks(WalkRequest(store.root.as_uri(), graph, seed=9))
    assert all(
        made.facts["seed"] != 9
        for id in store.names("walks", "planted")
        for made in store.children("walks", "planted", id)
    )
