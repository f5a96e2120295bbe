"""The probe: an index measured against exact search, with queries of real users."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from tasks.core.retrieval.faiss_search import Searcher
from tasks.core.retrieval.top_k import inner_products, top_k

PROBE_K = 50
TIMED_QUERIES = 500  # the last so many, once caches are warm


@dataclasses.dataclass(frozen=True)
class Probe:
    """Recall, speed and size of an index; times are of one query after the other on one thread.

    Attributes:
        recall: mean share of the exact top 50 that the index finds; an item that ties with the
            50th counts as found.
        queries_per_s: one over the mean time of a query.
        p50_ms, p99_ms: median and 99th percentile of the time of a query, milliseconds.
        queries: number of queries.
        bytes: size of the index file.
        bytes_per_vector: the same for each vector.
    """

    recall: float
    queries_per_s: float
    p50_ms: float
    p99_ms: float
    queries: int
    bytes: int
    bytes_per_vector: float


def probe_index(searcher: Searcher, queries: np.ndarray, size: int) -> Probe:
    """Probe an index.

    Args:
        queries: float32 (q ≥ 1, d), or (q ≥ 1, interests d).
        size: bytes of the index file.
    """
    found, seconds = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(searcher.search(query, PROBE_K)[0])
        seconds.append(time.perf_counter() - started)
    timed = np.array(seconds[-TIMED_QUERIES:])
    return Probe(
        round(recall(queries, searcher.vectors, found), 6),
        round(float(1 / timed.mean()), 1),
        round(1000 * float(np.quantile(timed, 0.5)), 4),
        round(1000 * float(np.quantile(timed, 0.99)), 4),
        len(queries),
        size,
        round(size / len(searcher.vectors), 2),
    )


def recall(
    queries: np.ndarray,
    vectors: np.ndarray,
    found: list[np.ndarray],
    k: int = PROBE_K,
    exact: np.ndarray | None = None,
) -> float:
    """Mean over queries of |{r found : score(r) ≥ score of the exact k-th}| / k.

    Args:
        found: int32 rows that the index found, of each query.
        k: limited to the number of vectors.
        exact: int32 (q, k), the exact top k where it is known already.
    """
    k = min(k, len(vectors))
    last = (top_k(queries, vectors, k) if exact is None else exact)[:, -1]
    hits = 0
    for query, row, rows in zip(queries, last, found, strict=True):
        bound, *scores = inner_products(query[None], vectors[np.append(row, rows[:k])])[0]
        hits += int((np.array(scores) >= bound - 1e-5 * max(1.0, abs(bound))).sum())
    return hits / (k * len(queries))
