"""Postgres, Redis, MLflow and the scheduler, each killed in the middle of a retrain and started
again; a reader asks all the while.

    python3 -m tests.benchmarks.drill_services [--together] [--down-seconds 5]

Day after day of a planted world is retrained on the services of docker-compose.yaml. In each a
service is killed outright once the chain is where it hurts; with --together, all of them one after
the other in one day. The last line is one JSON object: `kills`; `chains_ok`, chains that ended
well; `live_breaks`, answers that were wrong, or failed while Redis was up; `double_publishes`, days
whose model went live more than once, by the audit.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
from pathlib import Path

from infra.environments.names import ROOT, python
from infra.local import stack
from infra.local.airflow_api import Airflow
from tests.benchmarks.chain_seconds import plant
from tests.benchmarks.composed import Composed, say

FAMILY = "item2vec"
# Each is killed while this task of the chain is at work.
KILLS = {
    "scheduler": (f"train_{FAMILY}", "graph"),
    "postgres": (f"train_{FAMILY}", "fit"),
    "mlflow": (f"train_{FAMILY}", "evaluate"),
    "redis": (f"publish_{FAMILY}", "load"),
}
# Everything goes live that is no worse than by chance: what is looked at here is the publication,
# not the model.
POLICY = """users_least = 20
guards = []
floors = [{ baseline = "popularity", share = 0.01 }]
coverage_of_popularity_least = 0.0
[refresh]
margin_standard_errors = 10
margin_least = 0.5
margin_most = 0.5
[health]
neighbours_least = 0.0
"""
OVER = {"success", "skipped", "failed", "upstream_failed"}


class Chain:
    """One day on its way to live."""

    def __init__(self, airflow: Airflow, day: str) -> None:
        self.airflow, self.day = airflow, day
        self.run = {"ingest": self.ask(lambda: airflow.trigger("ingest", day)["dag_run_id"])}

    def ask(self, what, seconds: float = 240):
        """An answer of Airflow's API, which is away while what it needs is."""
        until = time.monotonic() + seconds
        while True:
            try:
                return what()
            except (OSError, urllib.error.HTTPError, SystemExit) as error:
                if time.monotonic() > until:
                    raise SystemExit(f"drill: Airflow's API does not come back: {error}") from None
                time.sleep(1)

    def tasks(self, dag: str) -> dict[str, str]:
        """Task → state; nothing before the run is there."""
        if dag not in self.run:
            found = [
                run["dag_run_id"]
                for run in self.ask(lambda: self.airflow.runs(dag, 5))
                if run["partition_key"] == self.day
            ]
            if not found:
                return {}
            self.run[dag] = found[0]
        return {
            task["task_id"]: task["state"]
            for task in self.ask(lambda: self.airflow.tasks(dag, self.run[dag]))
        }

    def reached(self, dag: str, task: str, seconds: float = 420) -> bool:
        """Wait until the task is at work; False when it has ended before it was seen."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = self.tasks(dag).get(task)
            if state == "running":
                return True
            if state in OVER:
                return False
            time.sleep(0.2)
        raise SystemExit(
            f"drill: {dag}.{task} of {self.day} was not reached in {seconds:.0f} s: "
            f"{self.tasks(dag)}"
        )

    def end(self, seconds: float = 600) -> tuple[bool, str]:
        """Wait for the whole chain; whether it ended well, and how."""
        until, tasks_by_dag = time.monotonic() + seconds, {}
        while time.monotonic() < until:
            for dag in ("ingest", f"train_{FAMILY}", f"publish_{FAMILY}"):
                tasks_by_dag[dag] = self.tasks(dag)
            states = [state for tasks in tasks_by_dag.values() for state in tasks.values()]
            if "failed" in states:
                return False, f"{tasks_by_dag}"
            train, publish = tasks_by_dag[f"train_{FAMILY}"], tasks_by_dag[f"publish_{FAMILY}"]
            if train and train.get("promote") == "skipped":
                return True, "held"
            if train and publish and all(state in OVER for state in states):
                return True, "live"
            time.sleep(1)
        return False, f"not over in {seconds:.0f} s: {tasks_by_dag}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--down-seconds", type=float, default=5.0)
    parser.add_argument("--together", action="store_true", help="all kills in one retrain")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policies").mkdir()
        (folder / "policies" / "default.toml").write_text(POLICY)
        results = drill(folder, arguments.down_seconds, arguments.together)
    print(json.dumps(results))
    return (
        0
        if results["chains_ok"] == results["chains"]
        and not results["live_breaks"]
        and not results["double_publishes"]
        else 1
    )


def drill(folder: Path, down: float, together: bool) -> dict:
    last = plant(folder / "data")
    plan = [list(KILLS)] if together else [[service] for service in KILLS]
    days = [(last - datetime.timedelta(days=ago)).isoformat() for ago in range(len(plan), -1, -1)]
    described = {
        "DATA_FOLDER": str(folder / "data"),
        "DATASET": "planted",
        "FORMAT": "movielens-100k",
        "LOCATION": "/data",
        "FIRST_DAY": "1997-09-20",
        "LAST_DAY": last.isoformat(),
    }
    with Composed(
        folder / "cluster", described, {"RECALL_POLICIES": str(folder / "policies")}
    ) as here:
        airflow = Airflow(here)
        while not stack.dags_are_parsed(here):
            here.check()
            time.sleep(0.5)
        for family in airflow.families():
            if family != FAMILY:
                airflow.call("PATCH", f"dags/train_{family}", {"is_paused": True})
        outcomes, away = [], []
        say(f"up; {days[0]} without a kill, so that something is live")
        outcomes.append(Chain(airflow, days[0]).end())
        say(f"{days[0]}: {outcomes[-1][1]}")
        stop, report = folder / "stop", folder / "reads.json"
        reader = subprocess.Popen(
            [
                str(python("serve")),
                "-m",
                "tests.benchmarks.drill_live",
                FAMILY,
                str(stop),
                str(report),
            ],
            cwd=ROOT,
            env=here.reader_environment(),
            stderr=(folder / "reader.log").open("w"),
        )
        try:
            for services, day in zip(plan, days[1:], strict=True):
                outcomes.append(broken(here, airflow, day, services, down, away))
        finally:
            stop.touch()
            reader.wait(60)
        reads = json.loads(report.read_text())
        failed = [
            one
            for one in reads["failures"]
            if not any(one[0] <= up + 15 and one[1] >= fell for fell, up in away)
        ]
        for one in (failed + reads["wrong"])[:5]:
            say(f"break: {one}")
        published = collections.Counter(published_days(here))
        return {
            "kills": len(KILLS),
            "chains": len(days),
            "chains_ok": sum(well for well, _ in outcomes),
            "went_live": sum(how == "live" for _, how in outcomes),
            "live_breaks": len(failed) + len(reads["wrong"]),
            "double_publishes": sum(count > 1 for count in published.values()),
            "reads": reads["reads"],
            "failed_while_redis_was_down": len(reads["failures"]) - len(failed),
            "generations_seen": reads["generations"],
            "restarted": dict(here.restarts),
            "published": dict(published),
        }


def broken(
    here: Composed, airflow: Airflow, day: str, services: list[str], down: float, away: list
) -> tuple[bool, str]:
    """A day in which these services are killed and started again, one after the other."""
    chain = Chain(airflow, day)
    for service in services:
        dag, task = KILLS[service]
        caught = chain.reached(dag, task)
        fell = time.time()
        here.kill(service)
        say(f"{day}: {service} killed {'while' if caught else 'after'} {dag}.{task} was at work")
        time.sleep(down)
        here.start(service)
        here.wait(service)
        if service == "redis":
            away.append((fell, time.time()))
        say(f"{day}: {service} is back after {time.time() - fell:.0f} s")
    how = chain.end()
    say(f"{day}: {'well, ' if how[0] else 'NOT WELL, '}{how[1]}")
    return how


def published_days(here: Composed) -> list[str]:
    """The day of every model that went live, once for each time, by the audit in the store."""
    done = subprocess.run(
        [str(python("serve")), "-m", "tests.benchmarks.drill_live", FAMILY, "--audit"],
        cwd=ROOT,
        env=here.reader_environment(),
        text=True,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
