"""How long ingestion takes beside a bare Spark job: `python3 -m tests.benchmarks.ingest` (or `make
bench-ingest`).

Data of the shape of MovieLens 20M (138k users, 27k items, 20M rows) is expanded from real ratings
and kept in the cache. Ingestion of 1M and of 20M rows is timed, and in the same run a bare Spark
job over the same 20M rows: read the csv with its schema, group each user's rows, sort them by time,
write Parquet. Both have the same session, heap and cores. The last line is JSON:

    seconds_1m, seconds_20m   ingestion, whole process
    scale_ratio               20M over 1M, the start of the session taken off both
    bare_ratio                20M over the bare job, whole processes
    gx_share                  Great Expectations (its import, its judging) of the 20M run
    peak_gb                   memory of the whole process tree at the highest sample, 20M
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from infra.environments.names import ROOT, cache, python
from infra.local.meter import proportional
from infra.local.processes import descendants

DAY = "2016-12-31"
BARE = Path(__file__).with_name("bare_spark.py")


def data(rows: int) -> Path:
    """The folder with this many rows, expanded once."""
    folder = cache() / "bench" / f"expanded-{rows}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [
                str(python("train")),
                "-m",
                "tests.benchmarks.expand",
                str(folder),
                "--rows",
                str(rows),
            ],
            cwd=ROOT,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=sys.stderr,
        )
    return folder


def timed(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak gigabytes and what it said of a command."""
    with tempfile.TemporaryFile("w+") as said:
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=said,
            stderr=said,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        peak = [0]

        def sample() -> None:
            while process.poll() is None:
                peak[0] = max(peak[0], sum(map(proportional, descendants(process.pid))))
                time.sleep(0.25)

        watcher = threading.Thread(target=sample, daemon=True)
        watcher.start()
        code, seconds = process.wait(), time.monotonic() - begun
        watcher.join()
        said.seek(0)
        text = said.read()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{text[-4000:]}")
    return seconds, peak[0] / 1e9, text


def event_field(text: str, event: str, field: str) -> float:
    """A number from a log line of a stage."""
    found = re.search(rf"{re.escape(event)} .*?\b{field}=([0-9.e+-]+)", text)
    if not found:
        raise SystemExit(f"the log has no {event} with {field}:\n{text[-2000:]}")
    return float(found[1])


def ingest(folder: Path, scratch: Path, settings: dict) -> tuple[float, float, str]:
    store = scratch / "store"
    shutil.rmtree(store, ignore_errors=True)
    request = {
        "store": store.as_uri(),
        "location": str(folder),
        "format": "movielens-latest",
        "dataset": "bench",
        "day": DAY,
        "spark": settings,
    }
    return timed([str(python("spark")), "-m", "tasks.ingest", "snapshot", json.dumps(request)])


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.ingest", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--rows", type=int, default=20_000_000, help="rows of the large set (default %(default)s)"
    )
    parser.add_argument(
        "--small", type=int, default=1_000_000, help="rows of the small set (default %(default)s)"
    )
    parser.add_argument(
        "--heap", type=int, default=3, help="driver_memory_gb (default %(default)s)"
    )
    parser.add_argument(
        "--log", action="store_true", help="show what the stage said of the large run"
    )
    given = parser.parse_args()
    settings = {"master": f"local[{len(os.sched_getaffinity(0))}]", "driver_memory_gb": given.heap}
    with tempfile.TemporaryDirectory(dir=cache()) as name:
        scratch = Path(name)
        small, _, said_small = ingest(data(given.small), scratch, settings)
        large, peak, said = ingest(data(given.rows), scratch, settings)
        bare, bare_peak, _ = timed(
            [
                str(python("spark")),
                str(BARE),
                str(data(given.rows) / "ratings.csv"),
                str(scratch / "bare"),
                json.dumps(settings),
            ]
        )
    if given.log:
        print(said, file=sys.stderr)
    start_small, start = (
        event_field(said_small, "spark.started", "seconds"),
        event_field(said, "spark.started", "seconds"),
    )
    gx = event_field(said, "ingest.batch", "gx_seconds")
    print(
        f"ingest {given.small:,} rows {small:.1f} s, {given.rows:,} rows {large:.1f} s "
        f"({peak:.1f} GB); bare Spark {bare:.1f} s ({bare_peak:.1f} GB)",
        file=sys.stderr,
    )
    print(
        json.dumps(
            {
                "seconds_1m": round(small, 1),
                "seconds_20m": round(large, 1),
                "scale_ratio": round((large - start) / (small - start_small), 2),
                "bare_ratio": round(large / bare, 2),
                "gx_share": round(gx / large, 3),
                "peak_gb": round(peak, 2),
                "bare_seconds": round(bare, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
