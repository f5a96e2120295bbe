"""What compressing vectors as wide as a fusion's costs and saves: `make bench-compressed`. A table,
and one JSON line last.

A fusion's vectors are its members' side by side: with all four of them 772 dimensions, ten times
one model's. Each code that `auto` may take for the budget of memory that is asked for is built in
turn over the same vectors (`tests/index/vectors.py`), tuned by the product to the recall it wants
by default, and probed with other queries through the search that is served, which scores what it
finds exactly.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time

import faiss
import numpy as np

from tasks.core.retrieval.faiss_search import Searcher
from tasks.core.retrieval.top_k import top_k
from tasks.index.factory import build_index
from tasks.index.index_size import bytes_per_vector
from tasks.index.probe import PROBE_K, probe_index
from tasks.index.settings import BundleRequest
from tasks.index.tune import tune_parameters
from tests.index.vectors import clustered

TUNING, PROBES = 200, 300
WANTED = BundleRequest(store="", index="").wanted_recall


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.compressed",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=772)
    parser.add_argument("--threads", type=int, default=2, help="of building; a query has one")
    arguments = parser.parse_args()
    vectors, queries = clustered(
        arguments.items,
        arguments.dimension,
        TUNING + PROBES,
        groups=max(20, arguments.items // 1000),
    )
    exact, results, lists = (
        top_k(queries[TUNING:], vectors, PROBE_K),
        {},
        max(16, round(4 * math.sqrt(arguments.items))),
    )
    print("code         MiB  build s  recall@50  alone  ms      searched as", file=sys.stderr)
    for code in (
        "Flat",
        "SQfp16",
        "SQ8",
        "SQ4",
        f"PQ{arguments.dimension // 4}",
        f"PQ{arguments.dimension // 8}",
    ):
        factory = f"IVF{lists},{code}"
        faiss.omp_set_num_threads(arguments.threads)
        started = time.perf_counter()
        index = build_index(vectors, factory)
        built = time.perf_counter() - started
        size = round(
            bytes_per_vector(factory, arguments.dimension, arguments.items) * arguments.items
        )
        search, depth = tune_parameters(index, vectors, factory, queries[:TUNING], WANTED)
        done = probe_index(Searcher(index, vectors, depth), queries[TUNING:], size)
        alone = own_order(index, queries[TUNING:], exact)
        results[code] = {
            "mib": round(size / 2**20, 1),
            "build_s": round(built, 1),
            "recall": round(done.recall, 4),
            "recall_unscored": alone,
            "p50_ms": done.p50_ms,
            "search": search,
            "depth": depth,
        }
        print(
            f"{code:<9} {size / 2**20:>6.0f}  {built:>7.1f}  {done.recall:>9.4f}  {alone:.3f}  "
            f"{done.p50_ms:<6.3f}  {search}, {depth} times as many",
            file=sys.stderr,
            flush=True,
        )
    print(json.dumps({"items": arguments.items, "dimension": arguments.dimension, **results}))
    return 0


def own_order(index: faiss.Index, queries: np.ndarray, exact: np.ndarray) -> float:
    """Recall@50 of the index as it is searched, were its own scores believed."""
    found = index.search(queries, PROBE_K)[1]
    return round(
        float(
            np.mean(
                [len(np.intersect1d(one, wanted)) / PROBE_K for one, wanted in zip(found, exact)]
            )
        ),
        3,
    )


if __name__ == "__main__":
    sys.exit(main())
