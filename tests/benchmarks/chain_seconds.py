"""A planted world as data, a day of it through every DAG, and what the tasks of that day cost
beside their work.
"""

from __future__ import annotations

import datetime
import os
import statistics
import subprocess
from pathlib import Path

from infra.environments.names import ROOT, python
from infra.local.airflow_api import Airflow
from infra.local.watch import Followed, Watch

PLANT = """
import sys, pathlib
from tests import worlds
world = worlds.grouped(users=240, items=90, groups=3, likes=20, noise=0.05)
worlds.write_ml100k(pathlib.Path(sys.argv[1]), world)
print(worlds.START + 86400 * 19)
"""


def plant(folder: Path) -> datetime.date:
    """Write the data in the layout of MovieLens 100K; its last day."""
    done = subprocess.run(
        [str(python("train")), "-c", PLANT, str(folder)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return datetime.datetime.fromtimestamp(int(done.stdout.split()[-1]), datetime.UTC).date()


def retrain(airflow: Airflow, families: list[str], day: str) -> dict[str, Followed]:
    """One day, from `ingest` to live, followed to its end."""
    known = {
        (dag, run["dag_run_id"])
        for family in families
        for dag in (f"train_{family}", f"publish_{family}")
        for run in airflow.runs(dag)
    }
    following = {family for family in families if airflow.follows(family)}
    return Watch(
        airflow, families, following, day, airflow.trigger("ingest", day)["dag_run_id"], known
    ).follow()


def cost(followed: dict[str, Followed]) -> dict:
    """Tasks that ran; seconds from one's being scheduled to its start (median); seconds a task,
    start to end (mean); seconds in all.
    """
    ran = [
        task
        for one in followed.values()
        for task in one.tasks.values()
        if task["state"] == "success" and task["start_date"]
    ]
    waits = [
        _at(task["start_date"]) - _at(task["scheduled_when"])
        for task in ran
        if task.get("scheduled_when")
    ]
    begun, ended = (
        min(_at(task["start_date"]) for task in ran),
        max(_at(task["end_date"]) for task in ran),
    )
    return {
        "tasks": len(ran),
        "seconds_to_start_median": round(statistics.median(waits), 2),
        "seconds_a_task": round(
            statistics.mean(_at(task["end_date"]) - _at(task["start_date"]) for task in ran), 2
        ),
        "seconds_in_all": round(ended - begun, 1),
    }


def _at(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
