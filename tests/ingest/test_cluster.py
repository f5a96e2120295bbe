"""A Spark cluster gives the snapshot that one machine gives: a master and two workers, as processes of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyspark
import pytest

from tasks.core.store import Store
from tasks.ingest import java
from tests import worlds
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"


@pytest.fixture
def cluster(tmp_path):
    """The URL of a cluster with two workers of one core each."""
    java.prepare()
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(tmp_path / "work"), "SPARK_HOME": str(CLASS.parents[1])}
    port, log = free_port(), tmp_path / "cluster.log"
    url = f"spark://127.0.0.1:{port}"

    def process(name: str, *arguments: str) -> subprocess.Popen:
        command = [str(CLASS), f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1", "--webui-port", "0", *arguments]
        return subprocess.Popen(command, env=environment, stdout=log.open("ab"), stderr=subprocess.STDOUT, start_new_session=True)

    processes = [process("master.Master", "--port", str(port))]
    try:
        wait(log, "Starting Spark master", 1)
        processes += [process("worker.Worker", "--cores", "1", "--memory", "2g", url) for _ in range(2)]
        wait(log, "Successfully registered with master", 2)
        yield url
    finally:
        for one in reversed(processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, 9)
            one.wait()


def wait(log: Path, text: str, times: int) -> None:
    deadline = time.monotonic() + 120
    while log.read_text().count(text) < times:
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.2)


def made(folder: Path, source: Path, master: str):
    request = {"store": (folder / "store").as_uri(), "location": str(source), "day": worlds.DAY, "dataset": "planted", "spark": {"master": master}}
    done = subprocess.run([sys.executable, "-m", "tasks.ingest", "snapshot", json.dumps(request)], capture_output=True, text=True, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "SPARK_LOCAL_IP": "127.0.0.1"})
    assert done.returncode == 0, done.stderr[-4000:]
    return Store(request["store"]).open(json.loads(done.stdout)["uri"], "snapshot")


def test_a_cluster_gives_the_same_snapshot_as_one_machine(cluster, tmp_path, source):
    with (source / "u.data").open("a") as file:
        file.write("1\t2\tfour\t876000000\n" + "1\t3\t4\t876000000\n" * 2)
    here, there = made(tmp_path / "here", source, "local[2]"), made(tmp_path / "there", source, cluster)
    assert there.id == here.id
    for name in ("content_digest", "accounts", "reasons"):
        assert there.facts[name] == here.facts[name], name
    assert here.facts["reasons"]["unparsable_rating"] == 1
