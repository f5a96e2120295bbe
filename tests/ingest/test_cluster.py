"""A Spark cluster gives the snapshot that one machine gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.store.store import Store
from tests import worlds
from tests.servers_spark import spark_cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cluster(tmp_path):
    with spark_cluster(tmp_path) as url:
        yield url


def made(folder: Path, source: Path, master: str):
    request = {
        "store": (folder / "store").as_uri(),
        "location": str(source),
        "day": worlds.DAY,
        "dataset": "planted",
        "spark": {"master": master},
    }
    done = subprocess.run(
        [sys.executable, "-m", "tasks.ingest", "snapshot", json.dumps(request)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SPARK_LOCAL_IP": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return Store(request["store"]).open(json.loads(done.stdout)["uri"], "snapshot")


def test_a_cluster_gives_the_same_snapshot_as_one_machine(cluster, tmp_path, source):
    with (source / "u.data").open("a") as file:
        file.write("1\t2\tfour\t876000000\n" + "1\t3\t4\t876000000\n" * 2)
    here, there = (
        made(tmp_path / "here", source, "local[2]"),
        made(tmp_path / "there", source, cluster),
    )
    assert there.id == here.id
    for name in ("content_digest", "accounts", "reasons"):
        assert there.facts[name] == here.facts[name], name
    assert here.facts["reasons"]["unparsable_rating"] == 1
