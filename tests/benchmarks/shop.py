"""A planted shop from nothing to live, through Airflow: `make bench-shop` (`SIZE=10m`), as a person
would run it who has only the log.

`make run SOURCE=<the shop's three lines>` in a state folder of its own; nothing is set and nobody
answers anything. The last line is one JSON object:

    seconds            of `make run`, the stack's start included
    seconds_ingest     of the snapshot; seconds_<family> from the first task of a family to its last
    live               families that are served
    held_unmeasured    families that are not served and that no measured figure keeps from it; must
                       be 0
    asked              families that a measured figure puts to a person, as one that finds less than
                       its policy's share of a baseline
    validation_share   of the time of all fits that validate
    peak_gb            of everything together, shared pages counted once
    recall_50          by family, of the gate's users; best_recall_20: what an oracle that knows the
                       shop's law would find among twenty
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from infra.environments.names import ROOT, environments, python, state
from infra.local import supervisor
from infra.local.airflow_api import Airflow
from infra.local.state import Local

SIZES = ("1m", "10m", "25m", "tiny")  # of `planted_shop`


def plant(size: str, seed: int, folder: Path) -> dict:
    """Write the shop; what there is to know of it."""
    done = subprocess.run(
        [
            str(python("train")),
            "-m",
            "tests.benchmarks.planted_shop",
            "--size",
            size,
            "--seed",
            str(seed),
            "--out",
            str(folder),
        ],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return json.loads(done.stdout.splitlines()[-1])


def gathered(airflow: Airflow, day: str) -> dict:
    """The figures of a day, from what its tasks returned."""
    figures, shares, live, unmeasured, waiting, recalls = {}, [], [], 0, [], {}
    ingest = first_run(airflow, "ingest", day)
    figures["seconds_ingest"] = round(seconds(airflow.tasks("ingest", ingest)), 1)
    for family in airflow.families():
        runs = {
            stage: first_run(airflow, f"{stage}_{family}", day) for stage in ("train", "publish")
        }
        tasks = [
            task
            for stage, run in runs.items()
            if run
            for task in airflow.tasks(f"{stage}_{family}", run)
        ]
        figures[f"seconds_{family}"] = round(seconds(tasks), 1)
        fit, gate = (
            (airflow.result(f"train_{family}", runs["train"], task) if runs["train"] else None)
            or {}
            for task in ("fit", "gate")
        )
        length = next((task["duration"] or 0 for task in tasks if task["task_id"] == "fit"), 0)
        if fit.get("validation_share"):
            shares.append((fit["validation_share"] * length, length))
        if runs["publish"] and airflow.result(f"publish_{family}", runs["publish"], "go_live"):
            live.append(family)
        elif not gate.get("metrics", {}).get("challenger"):
            unmeasured += 1
        elif gate["outcome"] == "ask":
            waiting.append(family)
        if gate.get("metrics", {}).get("challenger"):
            recalls[family] = round(gate["metrics"]["challenger"]["recall_50"], 4)
    return figures | {
        "live": len(live),
        "families_live": live,
        "held_unmeasured": unmeasured,
        "asked": waiting,
        "recall_50": recalls,
        "validation_share": round(
            sum(part for part, _ in shares) / max(sum(length for _, length in shares), 1e-9), 4
        ),
    }


def first_run(airflow: Airflow, dag: str, day: str) -> str | None:
    """The first run of a day, which does the work: every champion that changes starts another one
    of the fusion.
    """
    found = [run for run in airflow.runs(dag, 20) if run["partition_key"] == day]
    return found[-1]["dag_run_id"] if found else None


def seconds(tasks: list[dict]) -> float:
    """From the first start to the last end."""
    ran = [task for task in tasks if task["start_date"] and task["end_date"]]
    at = datetime.datetime.fromisoformat
    return (
        (
            max(at(task["end_date"]) for task in ran) - min(at(task["start_date"]) for task in ran)
        ).total_seconds()
        if ran
        else 0.0
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.shop",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--size", choices=SIZES, default="1m")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--keep", action="store_true", help="leave the stack running, to look at it"
    )
    given = parser.parse_args()
    home = state() / "bench-shop" / given.size
    shutil.rmtree(home, ignore_errors=True)
    planted = plant(given.size, given.seed, home / "source")
    print(f"planted: {planted}", file=sys.stderr, flush=True)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECALL_", "AIRFLOW", "MLFLOW_"))
    }
    environment |= {
        "RECALL_STATE": str(home / "state"),
        "RECALL_ENVIRONMENTS": str(environments()),
        "SOURCE": str(home / "source" / "shop.toml"),
        "PYTHONPATH": str(ROOT),
    }
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "infra.local", "run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
        )
        total = time.monotonic() - begun
        os.environ.update(environment)
        local = Local().prepare()
        now, snapshots = supervisor.read(local), sorted(local.store.glob("snapshots/*/*"))
        results = gathered(Airflow(local), snapshots[-1].name) if now and snapshots else {"live": 0}
        peak = round((now or {}).get("peak_bytes", 0) / 2**30, 2)
    finally:
        if not given.keep:
            subprocess.run(
                [sys.executable, "-m", "infra.local", "stop"],
                cwd=ROOT,
                env=environment,
                stdout=sys.stderr,
            )
    print(
        json.dumps(
            {
                "size": given.size,
                "seconds": round(total, 1),
                **results,
                "peak_gb": peak,
                **planted,
                "exit": done.returncode,
                "cores": os.cpu_count(),
            }
        )
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
