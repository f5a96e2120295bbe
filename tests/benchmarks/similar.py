"""What the table of neighbours costs: `make bench-similar` (SIZES="3700 45000 1000000").

Planted likes, 20 an item, by users of 20 likes each in one of many tastes; items have one to three
genres. Each size is made in a process of its own, with the choice on 2,000 validation users. The
last line is one JSON object: seconds and peak_gb by size, and p50_us, the time to read ten
neighbours of an item from the files.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.models.item_to_item.table import make_table
from tasks.core.retrieval.neighbours import Neighbours

LIKES, TASTE_ITEMS, GENRES, VALIDATION = 20, 200, 40, 2000


def planted(items: int) -> tuple[Histories, list[list[str] | None], Queries]:
    """Likes by popularity within a taste, genres, and users whose last like is to be found."""
    random = np.random.default_rng(0)
    users, tastes = items, max(items // TASTE_ITEMS, 1)
    taste = random.integers(0, tastes, users)
    place = np.minimum(random.zipf(1.3, (users, LIKES + 1)) - 1, TASTE_ITEMS - 1)
    liked = ((taste[:, None] * TASTE_ITEMS + place) % items).astype(np.int32)
    genres: list[list[str] | None] = [
        [f"g{number}" for number in random.integers(0, GENRES, 1 + item % 3)]
        for item in range(items)
    ]
    asked = Histories.of_lists(list(liked[:VALIDATION, :LIKES]))
    labels = Histories.of_lists(list(liked[:VALIDATION, LIKES:]))
    queries = Queries(np.arange(len(asked)), asked, labels, asked)
    offsets = np.arange(users + 1, dtype=np.int64) * LIKES
    flat = np.ascontiguousarray(liked[:, :LIKES]).ravel()
    return Histories(offsets, flat, np.zeros(len(flat), np.int64)), genres, queries


def measure(items: int) -> dict[str, float]:
    """Seconds and memory of one size; compiled beforehand on a small one."""
    make_table(*planted(1000))
    world = planted(items)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    table, _ = make_table(*world)
    seconds = time.monotonic() - started
    peak = max(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 2**20
    with tempfile.TemporaryDirectory() as folder:
        table.save(Path(folder))
        read = Neighbours.load(Path(folder), mmap=True)
        rows, times = np.random.default_rng(1).integers(0, items, 2000), []
        for row in rows:
            begun = time.perf_counter()
            np.asarray(read.rows[row][:10]), np.asarray(read.scores[row][:10])
            times.append(time.perf_counter() - begun)
    return {
        "seconds": round(seconds, 1),
        "peak_gb": round(peak, 2),
        "p50_us": round(1e6 * float(np.median(times)), 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.similar",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[3_700, 45_000, 1_000_000])
    parser.add_argument("--one", action="store_true", help="the first size, in this process")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.sizes[0])))
        return 0
    results = {}
    for items in given.sizes:
        command = [sys.executable, "-m", "tests.benchmarks.similar", "--one", "--sizes", str(items)]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True)
        results[str(items)] = json.loads(done.stdout.splitlines()[-1])
        print(f"{items:,} items: {results[str(items)]}", file=sys.stderr, flush=True)
    print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
