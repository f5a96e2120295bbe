"""How fast walks are drawn, beside other ways: `python3 -m tests.benchmarks.walks` (or `make
bench-walks`).

The graph is MovieLens 1M's, rating 4 or more: items by how many users liked both. Everything is
timed in one run, in turns, walks of 81 items; figures are medians, each of a second pass that
follows a first at once. The last line is JSON:

    steps_per_s_1t, steps_per_s_2t   the walker, law `cooccurrence`; steps_per_s_by_law has the
                                     others, one thread
    steps_per_s_short                one thread, walks of 4 items, the product's default; entering
                                     counts for nothing
    ratio_choice      over `numpy.choice` with precomputed probabilities, one thread
    ratio_alias       over an alias table in compressed sparse rows, one walk after the other, in
                      numba, one thread
    ratio_pecanpy     over PecanPy's public call (PreCompFirstOrder.simulate_walks, alias tables
                      prepared), one thread
    ratio_kernel      over PecanPy's kernel alone, compiled and without its naming of nodes
    tv, tv_noise      total variation distance to the exact law over 2M draws, mean of five items;
                      and what exact draws have
    peak_gb           memory of the process tree that writes a corpus of 100M steps to files, at the
                      highest sample
    large_…           20M interactions, memory-mapped: resident memory of the walking process at its
                      highest, steps/s and by how much fewer
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.environments.names import ROOT, cache, python
from tests.benchmarks.ingest import data, timed
from tests.benchmarks.quality import data as folder_of

PEERS = ("choice", "alias", "pecanpy", "kernel")


class Contestant:
    """A process that draws when it is told to: a name in, steps and seconds out."""

    def __init__(self, environment: str, module: str, *arguments: str) -> None:
        command = [str(python(environment)), "-m", f"tests.benchmarks.{module}", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_NUM_THREADS": "1"},
        )

    def ask(self, what: str) -> dict:
        """Its answer to one line."""
        print(what, file=self.process.stdin, flush=True)
        if not (line := self.process.stdout.readline()):
            raise SystemExit(
                f"bench-walks: the process that was to do `{what}` ended with "
                f"{self.process.wait()}; what it said is above"
            )
        return json.loads(line)

    def close(self) -> None:
        """Let it end."""
        self.process.stdin.close()
        self.process.wait()


def rounds(own: Contestant, peer: Contestant, times: int) -> dict[str, float]:
    """Median steps per second of each way, all in turns."""
    turns = [
        (own, name)
        for name in (
            "cooccurrence",
            "cooccurrence 2",
            "short",
            "degree-penalised",
            "window",
            "choice",
            "alias",
        )
    ] + [(peer, "pecanpy"), (peer, "kernel")]
    rates: dict[str, list[float]] = {name: [] for _, name in turns}
    for turn in range(times + 1):
        for contestant, name in turns:
            contestant.ask(name)  # whoever comes first after another finds the caches cold
            answer = contestant.ask(name)
            if turn:  # the first compiles
                rates[name].append(answer["steps"] / answer["seconds"])
        print(
            f"round {turn} of {times}"
            + (
                ": " + "  ".join(f"{name} {each[-1]:,.0f}" for name, each in rates.items())
                if turn
                else ""
            ),
            file=sys.stderr,
            flush=True,
        )
    return {name: statistics.median(each) for name, each in rates.items()}


def corpus(store: Path) -> float:
    """Peak gigabytes of writing 100M steps."""
    graph = next(path.parent for path in store.glob("graphs/*/*/*/manifest.json"))
    request = {"store": store.as_uri(), "graph": graph.as_uri(), "walks": 25_000_000, "length": 4}
    seconds, peak, _ = timed(
        [str(python("spark")), "-m", "tasks.graph", "walk", json.dumps(request)]
    )
    print(f"100M steps written in {seconds:.0f} s", file=sys.stderr)
    return peak


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.walks", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="times that each way is timed (default %(default)s)"
    )
    parser.add_argument(
        "--rows", type=int, default=20_000_000, help="rows of the large set (default %(default)s)"
    )
    given = parser.parse_args()
    ratings = folder_of("ml-1m") / "ratings_with_order.csv"
    (cache() / "bench").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache() / "bench") as scratch:
        store, edges = Path(scratch) / "store", Path(scratch) / "edges.npz"
        own = Contestant("train", "walks_own", str(ratings), str(store), str(edges))
        exact = own.ask("law")
        peer = Contestant("peers", "walks_pecanpy", str(edges))
        rates = rounds(own, peer, given.rounds)
        own.close(), peer.close()
        peak = corpus(store)
        large = Contestant(
            "train",
            "walks_large",
            str(data(given.rows) / "ratings.csv"),
            str(Path(scratch) / "large"),
        )
        results = large.ask("large")
        large.close()
    one = rates["cooccurrence"]
    ratios = {f"ratio_{name}": round(one / rates[name], 2) for name in PEERS}
    print(
        json.dumps(
            {
                "steps_per_s_1t": round(one),
                "steps_per_s_2t": round(rates["cooccurrence 2"]),
                "steps_per_s_short": round(rates["short"]),
                "steps_per_s_by_law": {
                    law: round(rates[law]) for law in ("degree-penalised", "window")
                },
                **ratios,
                **exact,
                "peak_gb": round(peak, 2),
                **results,
                "large_slower": round(one / results["large_steps_per_s"], 2),
            }
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
