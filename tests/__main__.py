"""Every test of the project, each folder in the environment its sources run in: `python3 -m tests [folder …]`.

Standard library only. pytest and what the tests need come from the environment `tests`, laid over the one under test.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time

from dags.recall.environments import ENVIRONMENTS
from infra.environments.names import ROOT, environments, python

# `promote` runs in `serve`; its tests judge planted models first, and run its commands there.
FOLDERS = {"core": "train", "infra": "tests", **ENVIRONMENTS, "promote": "train", "dags": "airflow", "plugins": "airflow", "readme": "tests", "chain": "tests"}
COUNTS = re.compile(r"(\d+) (passed|failed|error|errors|skipped)")


def overlay() -> str:
    """The site-packages of the environment `tests`."""
    return str(next((environments() / "tests" / "lib").glob("python3*/site-packages")))


def run(folder: str, options: list[str]) -> dict[str, int]:
    """Run one folder's tests; returns how many passed, failed and were skipped."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RECALL_", "AIRFLOW", "MLFLOW_"))}
    environment |= {name: os.environ[name] for name in ("RECALL_STATE", "RECALL_ENVIRONMENTS") if name in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT), overlay()]), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python(FOLDERS[folder])), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "900", f"tests/{folder}", *options]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line if COUNTS.search(line) else last
    code = process.wait()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for number, what in COUNTS.findall(last):
        counts["failed" if what.startswith("error") else what] += int(number)
    if code and not counts["failed"]:
        counts["failed"] = 1  # a folder that could not be collected is a failure, whatever it counted
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests", description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", metavar="folder", help=f"of {', '.join(FOLDERS)}; none means all")
    parser.add_argument("--pytest", default="", help="options handed to pytest, in one string")
    given = parser.parse_args()
    if unknown := set(given.folders) - FOLDERS.keys():
        parser.error(f"no tests are named {', '.join(sorted(unknown))}; choose from {', '.join(FOLDERS)}")
    total, begun = {"passed": 0, "failed": 0, "skipped": 0}, time.monotonic()
    for folder in given.folders or [f for f in FOLDERS if (ROOT / "tests" / f).is_dir()]:
        started = time.monotonic()
        print(f"── tests/{folder} in the environment {FOLDERS[folder]}", flush=True)
        counts = run(folder, given.pytest.split())
        total = {what: total[what] + counts[what] for what in total}
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    print(f"All tests: {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped", flush=True)
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
