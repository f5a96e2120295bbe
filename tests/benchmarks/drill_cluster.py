"""The deployment of docker-compose.yaml by hand: Celery, Postgres, an ACL-protected Valkey, store
and artefacts on an S3 API; a day to live.

    python3 -m tests.benchmarks.drill_cluster [--spark] [--beside]

The last line is one JSON object: what the tasks cost here and, with --beside, in the local stack on
the same world.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from infra.environments.names import ROOT, environments, python
from infra.local import stack
from infra.local.airflow_api import Airflow
from infra.local.state import Local
from tests.benchmarks.chain_seconds import cost, plant, retrain
from tests.benchmarks.composed import BUCKETS, Composed, say


def composed(folder: Path, data: Path, day: str, spark: bool) -> dict:
    """A day on the servers; what is live is read by the reader's own user, and what it may not do
    is tried.
    """
    described = {
        "DATA_FOLDER": str(data),
        "DATASET": "planted",
        "FORMAT": "movielens-100k",
        "LOCATION": "/data",
        "FIRST_DAY": "1997-09-20",
        "LAST_DAY": day,
    }
    with Composed(folder, described, spark=spark) as here:
        say("up")
        airflow = Airflow(here)
        while not stack.dags_are_parsed(here):
            here.check()
            time.sleep(0.5)
        families = airflow.families()
        results = cost(retrain(airflow, families, day))
        done = subprocess.run(
            [str(python("serve")), "-m", "tasks.retrieve", "recommend", "--user", "1", "--json"],
            cwd=ROOT,
            env=here.reader_environment(),
            text=True,
            capture_output=True,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        live = json.loads(done.stdout)
        script = (
            "import os, sys, redis; "
            "redis.Redis.from_url(os.environ['RECALL_REDIS_URL']).set('recall:x', 1)"
        )
        denied = subprocess.run(
            [str(python("serve")), "-c", script],
            env=here.reader_environment(),
            text=True,
            capture_output=True,
        )
        objects = {bucket: len(list_objects(here, bucket)) for bucket in BUCKETS}
        return {
            **results,
            "answered_by": sorted(live["generations"]),
            "families": len(families),
            "recommended": len(live["hits"]),
            "reader_may_write": "NoPermission" not in denied.stderr,
            "objects": objects,
            "console": console(airflow, len(families)),
        }


def console(airflow: Airflow, families: int) -> dict:
    """What the console tells of a store in a bucket, once its copy has come: verdicts, newest day,
    what is live.
    """
    token, until = airflow._login(), time.monotonic() + 120
    while True:
        overview = {}
        for part in ("models", "data", "live"):
            request = urllib.request.Request(
                f"{airflow.local.airflow_url}/recall/api/{part}",
                headers={"Authorization": f"Bearer {token}"},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    overview[part] = json.load(answer)
            except urllib.error.HTTPError as error:
                overview[part] = json.loads(error.read())
        judged = sorted(
            name
            for name, one in overview["models"].items()
            if isinstance(one, dict) and one.get("newest")
        )
        if (len(judged) == families and overview["data"].get("days")) or time.monotonic() > until:
            return {
                "verdicts": judged,
                "days": [one["day"] for one in overview["data"].get("days", [])],
                "live": sorted(name for name, one in overview["live"].items() if one),
            }
        time.sleep(2)


def list_objects(here: Composed, bucket: str) -> list[str]:
    script = (
        "import sys; from pyarrow import fs; from tasks.core.store import s3; print(*[f.path for "
        "f in s3.filesystem().get_file_info(fs.FileSelector(sys.argv[1], recursive=True)) if "
        "f.is_file], sep='\\n')"
    )
    done = subprocess.run(
        [str(python("serve")), "-c", script, bucket],
        cwd=ROOT,
        env=here.reader_environment(),
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout.split()


def embedded(folder: Path, data: Path, day: str, last: str) -> dict:
    """The same day in the local stack."""
    settings = {
        "RECALL_STATE": str(folder),
        "RECALL_ENVIRONMENTS": str(environments()),
        "RECALL_DATASET": "planted",
        "RECALL_FORMAT": "movielens-100k",
        "RECALL_LOCATION": data.as_uri(),
        "RECALL_FIRST_DAY": "1997-09-20",
        "RECALL_LAST_DAY": last,
    }
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECALL_", "AIRFLOW", "MLFLOW_"))
    } | settings
    try:
        subprocess.run(
            [sys.executable, "-m", "infra.local", "up"],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        os.environ.update(settings)
        airflow = Airflow(Local())
        return cost(retrain(airflow, airflow.families(), day))
    finally:
        subprocess.run([sys.executable, "-m", "infra.local", "stop"], cwd=ROOT, env=environment)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--spark",
        action="store_true",
        help="ingest on Spark's own cluster of a master and a worker",
    )
    parser.add_argument("--beside", action="store_true", help="the local stack too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        last = plant(folder / "data")
        results = {
            "cluster": composed(
                folder / "cluster", folder / "data", last.isoformat(), arguments.spark
            )
        }
        if arguments.beside:
            results["embedded"] = embedded(
                folder / "embedded", folder / "data", last.isoformat(), last.isoformat()
            )
    print(json.dumps(results))
    whole = results["cluster"]
    # A fusion goes live only where it is better than its best member.
    return (
        0
        if len(whole["console"]["live"]) >= whole["families"] - 1
        and len(whole["console"]["verdicts"]) == whole["families"]
        and not whole["reader_may_write"]
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
