"""The verb: one graph a snapshot, found again, refused when there is nothing to walk."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from tasks.core.errors import BadRequest, RefusedData
from tasks.core.graph import Graph
from tasks.core.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tests import worlds


@pytest.fixture
def store(tmp_path):
    return Store((tmp_path / "store").as_uri())


def request(store, **fields) -> BuildRequest:
    return BuildRequest(store.root.as_uri(), dataset="planted", **fields)


def test_builds_from_training_rows_only(store):
    uri = worlds.snapshot(store, worlds.grouped())
    result = build(request(store))
    assert (result["users"], result["items"], result["edges"], result["snapshot"]) == (120, 60, 120 * (12 - 4), uri)
    lists = Graph(store.open(result["uri"], "graph")).lists
    assert isinstance(lists.slots, np.memmap) and lists.edges == 960


def test_finds_its_work_done(store):
    worlds.snapshot(store, worlds.grouped())
    first = build(request(store))
    made = store.open(first["uri"], "graph").created
    assert build(request(store)) == first and store.open(first["uri"], "graph").created == made
    assert build(request(store, entrance="uniform"))["id"] != first["id"]


def test_refuses_a_graph_without_edges(store):
    world = worlds.grouped(likes=5)  # one training row a user
    worlds.snapshot(store, world)
    with pytest.raises(RefusedData, match="no user of .* liked two items.*120 liked rows of 120 users"):
        build(request(store))
    unliked = dataclasses.replace(worlds.grouped(), ratings=np.full_like(worlds.grouped().ratings, 2))
    worlds.snapshot(store, unliked, day="1998-04-16")
    with pytest.raises(RefusedData, match="0 liked rows"):
        build(request(store, day="1998-04-16"))
    assert store.names("graphs") == []


def test_names_the_days_there_are(store):
    worlds.snapshot(store, worlds.grouped())
    with pytest.raises(BadRequest, match="1998-04-15"):
        build(request(store, day="1998-04-20"))


def test_command_prints_its_result_last(store):
    worlds.snapshot(store, worlds.grouped())
    done = subprocess.run([sys.executable, "-m", "tasks.graph", "build", json.dumps({"store": store.root.as_uri(), "dataset": "planted"})],
                          text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["edges"] == 960
