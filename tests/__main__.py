"""Every test of the project, each folder in the environment its sources run in: `python3 -m tests
[folder …]`.

Standard library only. pytest and what the tests need come from the environment `tests`, laid over
the one under test.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TextIO

from dags.recall.environments import ENVIRONMENTS
from infra.environments.names import ROOT, environments, python

# `promote` runs in `serve`; its tests judge planted models first, and run its commands there.
FOLDERS = {
    "core": "train",
    "infra": "tests",
    **ENVIRONMENTS,
    "promote": "train",
    "dags": "airflow",
    "plugins": "airflow",
    "readme": "tests",
    "chain": "tests",
}
ALONE = ("chain",)  # whole stacks, which use every core themselves
LANES = 2
COUNTS = re.compile(r"(\d+) (passed|failed|error|errors|skipped)")


def overlay() -> str:
    """The site-packages of the environment `tests`."""
    return str(next((environments() / "tests" / "lib").glob("python3*/site-packages")))


def run(folder: str, options: list[str], out: TextIO) -> dict[str, int]:
    """Run one folder's tests, what they print into `out`; returns how many passed, failed and were
    skipped.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECALL_", "AIRFLOW", "MLFLOW_"))
    }
    environment |= {
        name: os.environ[name]
        for name in ("RECALL_STATE", "RECALL_ENVIRONMENTS")
        if name in os.environ
    }
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(ROOT), overlay()]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # as the stages' command line sets it
    }
    command = [
        str(python(FOLDERS[folder])),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "900",
        f"tests/{folder}",
        *options,
    ]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    last = ""
    for line in process.stdout:
        print(line, end="", file=out, flush=True)
        last = line if COUNTS.search(line) else last
    code = process.wait()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for number, what in COUNTS.findall(last):
        counts["failed" if what.startswith("error") else what] += int(number)
    if code and not counts["failed"]:
        counts["failed"] = (
            1  # a folder that could not be collected is a failure, whatever it counted
        )
    return counts


def side_by_side(folders: list[str], options: list[str]) -> Iterator[dict[str, int]]:
    """Run folders, so many at once as there are lanes; each prints as a whole, when it has
    ended.
    """

    def one(folder: str) -> tuple[str, str, float, dict[str, int]]:
        out, started = io.StringIO(), time.monotonic()
        print(f"   tests/{folder} begins", flush=True)
        counts = run(folder, options, out)
        return folder, out.getvalue(), time.monotonic() - started, counts

    with ThreadPoolExecutor(LANES) as pool:
        for done in as_completed([pool.submit(one, folder) for folder in folders]):
            folder, output, seconds, counts = done.result()
            print(
                f"── tests/{folder} in the environment {FOLDERS[folder]}\n{output}"
                f"   {seconds:.0f} s",
                flush=True,
            )
            yield counts


def alone(folders: list[str], options: list[str]) -> Iterator[dict[str, int]]:
    """Run folders one after the other; what they print is seen as it comes."""
    for folder in folders:
        started = time.monotonic()
        print(f"── tests/{folder} in the environment {FOLDERS[folder]}", flush=True)
        yield run(folder, options, sys.stdout)
        print(f"   {time.monotonic() - started:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests", description=__doc__.splitlines()[0])
    parser.add_argument(
        "folders", nargs="*", metavar="folder", help=f"of {', '.join(FOLDERS)}; none means all"
    )
    parser.add_argument("--pytest", default="", help="options handed to pytest, in one string")
    given = parser.parse_args()
    if unknown := set(given.folders) - FOLDERS.keys():
        parser.error(
            f"no tests are named {', '.join(sorted(unknown))}; choose from {', '.join(FOLDERS)}"
        )
    total, begun = {"passed": 0, "failed": 0, "skipped": 0}, time.monotonic()
    folders, options = (
        given.folders or [f for f in FOLDERS if (ROOT / "tests" / f).is_dir()],
        given.pytest.split(),
    )
    last = [folder for folder in folders if folder in ALONE or len(folders) == 1]
    for counts in itertools.chain(
        side_by_side([folder for folder in folders if folder not in last], options),
        alone(last, options),
    ):
        total = {what: total[what] + counts[what] for what in total}
    print(f"All tests: {time.monotonic() - begun:.0f} s", flush=True)
    print(
        f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped",
        flush=True,
    )
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
