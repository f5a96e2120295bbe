"""Kill drill: a training is killed (SIGKILL) at random moments, and each retry has to end with the
unbroken run's weights.

`python3 -m tests.benchmarks.gru_drill --kills 20`; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dags.recall.environments import ENVIRONMENTS
from infra.environments.names import ROOT, python

PLANT = (
    "import sys; from tasks.core.store.store import Store; from tests import worlds; "
    "print(worlds.snapshot(Store(sys.argv[1]), "
    "worlds.chained(users=300, items=120, length=25), dataset='drill'))"
)
SETTINGS = {"dimension": 16, "hidden": 32, "batch_positions": 256, "epochs": 80, "patience": 80}
CHECKPOINTS = "checkpoints/gru4rec/*/*.safetensors"


def start(*arguments: str) -> subprocess.Popen:
    """A process of the training's environment."""
    return subprocess.Popen(
        [str(python(ENVIRONMENTS["gru4rec"])), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def answer(process: subprocess.Popen) -> str:
    """The last line of its output."""
    output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"drill: {' '.join(process.args[1:4])} ended with {process.returncode}")
    return output.strip().splitlines()[-1]


def training(store: Path, snapshot: str, seed: int) -> subprocess.Popen:
    request = {
        "store": store.as_uri(),
        "dataset": "drill",
        "snapshot": snapshot,
        "settings": SETTINGS,
        "seed": seed,
        "track": False,
    }
    return start("-m", "tasks.gru4rec", "fit", json.dumps(request))


def reached(store: Path, process: subprocess.Popen, epoch: int) -> None:
    """Wait until so many checkpoints were written one over the other, or the training ended."""
    seen, last = 0, None
    while seen < epoch and process.poll() is None:
        for path in store.glob(CHECKPOINTS):
            with contextlib.suppress(FileNotFoundError):
                seen, last = seen + (path.stat().st_mtime_ns != last), path.stat().st_mtime_ns
        time.sleep(0.002)


def arrays(result: dict) -> dict[str, bytes]:
    """Name and bytes of every array of a candidate."""
    folder = Path(result["uri"].removeprefix("file://"))
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.npy"))}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.gru_drill", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    moments, begun = random.Random(given.seed), time.monotonic()
    counts = {
        "kills": 0,
        "killed_before_first_epoch": 0,
        "ended_before_the_kill": 0,
        "different": 0,
    }
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch)
        snapshot = answer(start("-c", PLANT, store.as_uri()))
        started = time.monotonic()
        unbroken = json.loads(answer(training(store, snapshot, 0)))
        seconds, expected = time.monotonic() - started, arrays(unbroken)
        while counts["kills"] < given.kills:
            shutil.rmtree(store / "candidates")
            process = training(store, snapshot, 0)
            reached(store, process, moments.randrange(int(0.9 * SETTINGS["epochs"])))
            time.sleep(moments.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            counts[
                "kills" if process.returncode == -signal.SIGKILL else "ended_before_the_kill"
            ] += 1
            counts["killed_before_first_epoch"] += (
                process.returncode == -signal.SIGKILL and not any(store.glob(CHECKPOINTS))
            )
            result = json.loads(answer(training(store, snapshot, 0)))
            same = arrays(result) == expected and result["epochs"] == unbroken["epochs"]
            counts["different"] += not same
            print(
                f"kill {counts['kills']}: {'the same' if same else 'DIFFERENT'}",
                file=sys.stderr,
                flush=True,
            )
    print(
        json.dumps(
            {
                **counts,
                "unbroken_s": round(seconds, 1),
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
    )
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
