"""The walker over a graph of 20M interactions, in a process that maps it and holds nothing else
(see `walks.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tasks.core.data.graph import Graph
from tasks.core.models.walks import walk
from tasks.core.store.store import Store

LENGTH, WALKS, TIMES = 81, 60_000, 5


def resident() -> int:
    """Bytes of this process in memory at the highest, mapped files among them."""
    return 1024 * next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def main() -> int:
    ratings, folder = sys.argv[1:3]
    for _ in sys.stdin:
        subprocess.run(
            [sys.executable, __file__, "build", ratings, folder], check=True, stdout=sys.stderr
        )
        tables = Graph(
            Store(Path(folder).absolute().as_uri()).find("graphs", "bench", "2003-03-01", "bench")
        ).tables
        rates = []
        for turn in range(TIMES + 1):
            begun = time.perf_counter()
            walk(tables, turn * WALKS, WALKS, LENGTH, seed=0)
            rates.append(WALKS * (LENGTH - 1) / (time.perf_counter() - begun))
        print(
            json.dumps(
                {
                    "large_interactions": int(tables.edges),
                    "large_resident_gb": round(resident() / 1e9, 2),
                    "large_steps_per_s": round(float(np.median(rates[1:]))),
                }
            ),
            flush=True,
        )
    return 0


def build() -> int:
    """Every row of the csv as a graph."""
    from tasks.graph.laws.cooccurrence import build_cooccurrence
    from tests.benchmarks.walks_own import read, stored

    histories = read(sys.argv[2], 0)
    stored(sys.argv[3], build_cooccurrence(histories, int(histories.items.max()) + 1))
    return 0


if __name__ == "__main__":
    raise SystemExit(build() if sys.argv[1] == "build" else main())
