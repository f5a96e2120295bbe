"""Whole days through the real thing: Airflow, Spark, MLflow and Valkey, started as `make run`
starts them, on a planted world.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.environments.names import ROOT, environments, python
from infra.local.airflow_api import Airflow
from infra.local.source import remembered_source
from infra.local.state import Local
from tests.benchmarks.stages import ask

PLANT = """
import sys, pathlib
from tests import worlds
world = worlds.grouped(users=240, items=90, groups=3, likes=20, noise=0.05)
worlds.write_ml100k(pathlib.Path(sys.argv[1]), world)
print(worlds.START + 86400 * 19)
"""


@dataclasses.dataclass(frozen=True)
class Stack:
    """A running local stack and how to talk to it."""

    environment: dict
    local: Local
    airflow: Airflow
    days: tuple[str, str]
    first: str
    data: Path
    notices: list

    def run(self, day: str) -> str:
        """`make run DAY=…`; what it printed."""
        return command(self.environment | {"DAY": day}, "run")

    def reader(self, *arguments: str) -> dict:
        """What the reader answers, as JSON."""
        return json.loads(command(self.environment, *arguments, "--json"))

    def live(self, family: str) -> str:
        """The generation that is served now."""
        return self.reader("recommend", "--user", "1", "--family", family)["generations"][family]

    def aliases(self, family: str) -> dict[str, str | None]:
        """Champion, previous and challenger, as the registry has them."""
        return ask("promote", "status", {"family": family}, **self.local.mlflow_environment())[
            "families"
        ][family]

    def audit(self, family: str) -> list[dict]:
        """What was decided, oldest first."""
        found = [
            json.loads(path.read_text())
            for path in (self.local.store / "audit" / family).glob("*.json")
        ]
        return sorted(found, key=lambda record: record["when"])

    def question(self, dag: str, run: str, task: str, seconds: float = 240) -> dict:
        """Wait until a task waits for a person; what it asks.

        The question is there before the task waits. On SQLite, which locks no rows, Airflow can
        lose an answer that comes in between: it looks at it again when the time to answer is over.
        """
        deadline = time.monotonic() + seconds
        while (
            states := {one["task_id"]: one["state"] for one in self.airflow.tasks(dag, run)}
        ).get(task) != "awaiting_input":
            assert time.monotonic() < deadline, states
            time.sleep(0.5)
        question = self.airflow.call("GET", f"dags/{dag}/dagRuns/{run}/hitlDetails")["hitl_details"]
        return next(one for one in question if one["task_instance"]["task_id"] == task)

    def answer(self, dag: str, run: str, task: str, option: str, **fields: str) -> None:
        """Answer as the person who is logged in."""
        self.airflow.call(
            "PATCH",
            f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/-1/hitlDetails",
            {"chosen_options": [option], "params_input": fields},
        )

    def cli(self, *arguments: str) -> str:
        """What Airflow's own command line says."""
        done = subprocess.run(
            [str(python("airflow").with_name("airflow")), *arguments],
            cwd=self.local.home,
            text=True,
            capture_output=True,
            timeout=120,
            env=self.local.airflow_environment(remembered_source(self.local)),
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    @contextlib.contextmanager
    def paused(self, *dags: str):
        """These DAGs start nothing meanwhile."""
        for dag in dags:
            self.airflow.call("PATCH", f"dags/{dag}", {"is_paused": True})
        try:
            yield
        finally:
            for dag in dags:
                self.airflow.call("PATCH", f"dags/{dag}", {"is_paused": False})

    def days_of(self, dag: str) -> set[str]:
        """The partitions that a DAG has run for."""
        return {run["partition_key"] for run in self.airflow.runs(dag, 100)}

    def finish(self, dag: str, run: str, seconds: float = 240) -> dict[str, dict]:
        """Wait until every task of a run is over; the tasks by name."""
        deadline = time.monotonic() + seconds
        while True:
            tasks = {task["task_id"]: task for task in self.airflow.tasks(dag, run)}
            if tasks and {task["state"] for task in tasks.values()} <= {
                "success",
                "skipped",
                "failed",
                "upstream_failed",
            }:
                return tasks
            assert time.monotonic() < deadline, {
                name: task["state"] for name, task in tasks.items()
            }
            time.sleep(0.5)


def command(environment: dict, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "infra.local", *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps the notices that the stack sends."""

    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def hook():
    """A web server on the loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


@contextlib.contextmanager
def environment_of(settings: dict[str, str]):
    """What the commands of a stack with these settings run in; this process has the settings, too.
    The stack is stopped with the block.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECALL_", "AIRFLOW", "MLFLOW_"))
    } | settings
    before = {name: os.environ[name] for name in settings if name in os.environ}
    os.environ.update(settings)
    try:
        yield environment
    finally:
        subprocess.run(
            [sys.executable, "-m", "infra.local", "stop"], cwd=ROOT, env=environment, timeout=120
        )
        for name in settings:
            os.environ.pop(name, None)
        os.environ.update(before)


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """The stack after its first day."""
    home = tmp_path_factory.mktemp("stack")
    planted = subprocess.run(
        [str(python("train")), "-c", PLANT, str(home / "data")],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    last = datetime.datetime.fromtimestamp(int(planted.stdout.split()[-1]), datetime.UTC).date()
    days = tuple((last - datetime.timedelta(days=ago)).isoformat() for ago in (3, 2))
    settings = {
        "RECALL_STATE": str(home / "state"),
        "RECALL_ENVIRONMENTS": str(environments()),
        "RECALL_DATASET": "planted",
        "RECALL_FORMAT": "movielens-100k",
        "RECALL_LOCATION": Path(home / "data").as_uri(),
        "RECALL_FIRST_DAY": "1997-09-20",
        "RECALL_LAST_DAY": last.isoformat(),
        "TITLE": "Film 1 (1995)",
    }
    with environment_of(settings) as environment:
        output = command(environment | {"DAY": days[0]}, "run")
        local = Local()
        airflow = Airflow(local)
        with hook() as server:
            airflow.call(
                "POST",
                "connections",
                {
                    "connection_id": "recall_notices",
                    "conn_type": "http",
                    "host": "127.0.0.1",
                    "port": server.server_address[1],
                },
            )
            yield Stack(environment, local, airflow, days, output, home / "data", server.got)
