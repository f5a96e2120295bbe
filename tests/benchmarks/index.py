"""Approximate search against exact search at a million vectors, in one run: `make bench-index`. One
JSON line last.

The vectors are made as `tests/index/vectors.py` says: groups of Zipf sizes, log-normal lengths, and
queries as item2vec's encoder makes them; not uniform noise, on which nothing approximate works. The
search parameters are tuned by the product on some queries, to the recall that it wants by default;
the figures are of others. All are asked one query after the other on one thread, in turns with
exact search, through the search that is served. `lsh_…` is LSH of 256 bits asked for no more than
is wanted, as it is often used.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import faiss
import numpy as np

from tasks.core.retrieval.faiss_search import Searcher
from tasks.core.retrieval.top_k import top_k
from tasks.index.factory import build_index
from tasks.index.index_size import choose_factory
from tasks.index.probe import PROBE_K, recall
from tasks.index.settings import BundleRequest
from tasks.index.tune import tune_parameters
from tests.index.vectors import clustered

DIMENSION, TUNING, PROBES, ROUNDS = 64, 200, 300, 3
WANTED = BundleRequest(store="", index="").wanted_recall


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--graph", default="HNSW32")
    arguments = parser.parse_args()
    vectors, queries = clustered(
        arguments.items, DIMENSION, TUNING + PROBES, groups=max(20, arguments.items // 1000)
    )
    results: dict = {"items": arguments.items}
    flat = Searcher(build_index(vectors, "Flat"), vectors)
    exact = top_k(queries[TUNING:], vectors, PROBE_K)
    for name, factory in (
        ("ivf", choose_factory(arguments.items, DIMENSION, None)),
        ("hnsw", arguments.graph),
    ):
        faiss.omp_set_num_threads(arguments.threads)
        started = time.perf_counter()
        index = build_index(vectors, factory)
        built = time.perf_counter() - started
        search, depth = tune_parameters(index, vectors, factory, queries[:TUNING], WANTED)
        results |= _compared(name, Searcher(index, vectors, depth), flat, queries[TUNING:], exact)
        results |= {
            f"{name}_build_s": round(built, 1),
            f"{name}_search": search,
            f"{name}_factory": factory,
        }
        print(results, file=sys.stderr, flush=True)
    results |= _compared(
        "lsh", Searcher(build_index(vectors, "LSH256"), vectors), flat, queries[TUNING:], exact
    )
    print(json.dumps(results))
    return 0


def _compared(
    name: str, searcher: Searcher, flat: Searcher, queries: np.ndarray, exact: np.ndarray
) -> dict:
    """Recall@50, and the median over rounds of the ratio of queries a second."""
    found = [searcher.search(query, PROBE_K)[0] for query in queries]
    ratios, each = [], []
    for number in range(ROUNDS):
        some = queries[number * 20 : number * 20 + 20]
        exact_s = _seconds(flat, some)
        each.append(_seconds(searcher, queries))
        ratios.append(exact_s / each[-1])
    return {
        f"{name}_recall": round(recall(queries, searcher.vectors, found, exact=exact), 4),
        f"{name}_ratio": round(float(np.median(ratios)), 1),
        f"{name}_ms": round(1000 * float(np.median(each)), 3),
    }


def _seconds(searcher: Searcher, queries: np.ndarray) -> float:
    started = time.perf_counter()
    for query in queries:
        searcher.search(query, PROBE_K)
    return (time.perf_counter() - started) / len(queries)


if __name__ == "__main__":
    sys.exit(main())
