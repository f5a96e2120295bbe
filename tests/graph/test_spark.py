"""Spark gives what one machine gives: the same edges, the same walks, byte for byte; and it learns
from them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.models.input_vectors import read_vectors
from tasks.core.spark.session import start
from tasks.core.spark.settings import Spark
from tasks.core.store.store import Store
from tasks.graph import edges, walk_files
from tasks.graph.build import build
from tasks.graph.edges import buckets, name, read_bucket
from tasks.graph.settings import BuildRequest, WalkRequest, Word2VecRequest
from tasks.graph.spark.word2vec import word2vec
from tasks.graph.walk_shards import write_walks
from tests import worlds
from tests.servers_spark import spark_cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def spark():
    session = start(Spark(shuffle_partitions=2), small=True)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def world():
    return worlds.grouped(noise=0.1)


def stored(folder: Path, world: worlds.World) -> Store:
    store = Store(folder.as_uri())
    worlds.snapshot(store, world)
    return store


def edges_of(store: Store, uri: str, items: int) -> list:
    made = store.open(uri, "graph")
    return [
        column.tolist()
        for bucket in buckets(items)
        for column in dataclasses.astuple(read_bucket(made.file(name(bucket))))
    ]


@pytest.mark.parametrize("half_lives", [{}, {"half_life_places": 2.0, "half_life_days": 3.0}])
def test_spark_builds_the_same_edges(spark, tmp_path, world, half_lives, monkeypatch):
    monkeypatch.setattr(edges, "BUCKET_ITEMS", 16)
    monkeypatch.setattr("tasks.graph.laws.window.BUCKET_ITEMS", 16)
    monkeypatch.setattr("tasks.graph.spark.edges.BUCKET_ITEMS", 16)
    here, there = stored(tmp_path / "here", world), stored(tmp_path / "there", world)
    settings = {"dataset": "planted", "law": "window", "window_places": 3, **half_lives}
    one, other = (
        build(BuildRequest(here.root.as_uri(), **settings)),
        build(BuildRequest(there.root.as_uri(), engine="spark", **settings)),
    )
    assert one["id"] == other["id"] and one["edges"] == other["edges"] > 0
    assert edges_of(here, one["uri"], 60) == edges_of(there, other["uri"], 60)
    arrays = {
        file: entry
        for file, entry in here.open(one["uri"], "graph").files.items()
        if file.endswith(".npy")
    }
    assert arrays.items() <= there.open(other["uri"], "graph").files.items() and len(arrays) == 6


@pytest.fixture(scope="module")
def walked(spark, tmp_path_factory, world):
    """Walks of a world of three groups, in a store of their own."""
    store = stored(tmp_path_factory.mktemp("walked"), worlds.grouped())
    graph = build(BuildRequest(store.root.as_uri(), dataset="planted"))
    return store, write_walks(WalkRequest(store.root.as_uri(), graph["uri"], walks=6000, length=5))[
        "uri"
    ]


def test_spark_learns_vectors_in_which_a_group_is_near(walked):
    store, walks = walked
    result = word2vec(
        Word2VecRequest(store.root.as_uri(), walks, dimension=8, epochs=3, learning_rate=0.1)
    )
    made = store.open(result["uri"], "vectors")
    rows, inputs = read_vectors(made)
    assert (
        result["items"] == len(rows) == 60
        and inputs.shape == (60, 8)
        and (rows == np.arange(60)).all()
    )
    unit = inputs / np.linalg.norm(inputs, axis=1, keepdims=True)
    scores = unit @ unit.T
    np.fill_diagonal(scores, -2)
    assert (np.argsort(-scores)[:, :5] % 3 == np.arange(60)[:, None] % 3).mean() > 0.9
    assert made.facts["trainer"] == "spark" and made.lineage["parents"] == [walks]
    assert (
        word2vec(
            Word2VecRequest(store.root.as_uri(), walks, dimension=8, epochs=3, learning_rate=0.1)
        )
        == result
    )


def test_a_minimum_count_that_leaves_no_item_is_refused(walked):
    store, walks = walked
    with pytest.raises(RefusedData, match=r"no item is met 100000 times.*lower minimum_count"):
        word2vec(Word2VecRequest(store.root.as_uri(), walks, minimum_count=100_000))


def ask(verb: str, **request) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "tasks.graph", verb, json.dumps(request)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SPARK_LOCAL_IP": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_a_cluster_draws_the_same_walks_and_learns_from_them(tmp_path, world):
    """A master and two workers, as processes of this machine."""
    here, there = stored(tmp_path / "here", world), stored(tmp_path / "there", world)
    made = [
        build(BuildRequest(store.root.as_uri(), dataset="planted"))["uri"]
        for store in (here, there)
    ]
    settings = {"walks": 1_000_000, "length": 5, "seed": 2}
    one = write_walks(WalkRequest(here.root.as_uri(), made[0], **settings))
    with spark_cluster(tmp_path) as url:
        other = ask(
            "walk",
            store=there.root.as_uri(),
            graph=made[1],
            engine="spark",
            spark={"master": url},
            **settings,
        )
        few = ask("walk", store=there.root.as_uri(), graph=made[1], walks=2000)
        learned = ask(
            "word2vec",
            store=there.root.as_uri(),
            walks=few["uri"],
            dimension=4,
            epochs=1,
            spark={"master": url},
        )
    files = here.open(one["uri"], "walks").files
    assert (
        other["id"] == one["id"]
        and there.open(other["uri"], "walks").files == files
        and len(files) == 3 == len(walk_files.shards(WalkRequest("", "", **settings)))
    )
    assert learned["items"] == 60
