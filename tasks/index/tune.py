"""Search parameters for a wanted recall, with the most queries a second, found on real query
vectors.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import faiss
import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import log
from tasks.core.retrieval.faiss_search import Searcher
from tasks.core.retrieval.top_k import top_k
from tasks.index.index_size import parse_factory
from tasks.index.probe import PROBE_K, recall

DEPTHS = (1, 2, 4, 8, 16, 32)
Parameters = tuple[
    str, int
]  # FAISS's search parameters, and how many times the wanted rows it is asked for


def set_parameters(index: faiss.Index, factory: str, search: str) -> None:
    """Set search parameters in the index, as `nprobe=16` or `efSearch=64`.

    Raises:
        BadRequest: a parameter this kind has not.
    """
    if not search:
        return
    try:
        faiss.ParameterSpace().set_index_parameters(index, search)
    except RuntimeError as error:
        raise BadRequest(
            f"{factory} has no such search parameter ({str(error).rsplit(': ', 1)[-1]})",
            got=search,
            allowed="nprobe=… for IVF, efSearch=… for HNSW, nothing for the others",
        ) from None


def tune_parameters(
    index: faiss.Index, vectors: np.ndarray, factory: str, queries: np.ndarray, wanted: float
) -> Parameters:
    """The fastest parameters that reach `wanted` recall@50, or those of the best recall; they are
    set in the index.

    Each list of settings goes from cheap to dear and recall only grows along it, so the cheapest
    one that does is found by halving; of several lists (a compressed code may be searched wider or
    asked for more) the fastest answer is taken.

    Args:
        vectors: float32 (n, d), by which what is found is re-scored.
        queries: float32 (q ≥ 1, d), of users who are not those that the probe asks.
    """
    ladders = list(_ladders(factory, len(vectors)))
    if len(ladders) == len(ladders[0]) == 1:
        return ladders[0][0]
    exact = top_k(queries, vectors, PROBE_K)
    tried: list[tuple[bool, float, float, Parameters]] = []

    def measured(parameters: Parameters) -> bool:
        set_parameters(index, factory, parameters[0])
        searcher, started = Searcher(index, vectors, parameters[1]), time.perf_counter()
        found = [searcher.search(query, PROBE_K)[0] for query in queries]
        seconds = (time.perf_counter() - started) / len(queries)
        reached = recall(queries, vectors, found, exact=exact)
        tried.append((reached >= wanted, reached, seconds, parameters))
        return reached >= wanted

    for ladder in ladders:
        low, high = 0, len(ladder) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if measured(ladder[middle]) else (middle + 1, high)
        measured(ladder[low])
    enough = [one for one in tried if one[0]]
    _, reached, seconds, best = (
        min(enough, key=lambda one: one[2])
        if enough
        else max(tried, key=lambda one: (one[1], -one[2]))
    )
    set_parameters(index, factory, best[0])
    log(
        "index.tuned",
        factory=factory,
        search=best[0] or "none",
        depth=best[1],
        recall=reached,
        queries_per_s=1 / seconds,
        tried=len(tried),
    )
    return best


def _ladders(factory: str, count: int) -> Iterator[list[Parameters]]:
    parts = parse_factory(factory)
    if parts["lists"]:
        lists = int(parts["lists"])
        steps = sorted(
            {min(lists, round(2 ** (half / 2))) for half in range(2 * lists.bit_length() + 1)}
        )
        for depth in (1,) if parts["listed"] == "Flat" else DEPTHS[:5:2]:
            yield [(f"nprobe={step}", depth) for step in steps]
    elif parts["links"]:
        for depth in (1,) if parts["stored"] in ("", "Flat") else DEPTHS[:3]:
            steps = [
                round(2 ** (quarter / 4))
                for quarter in range(22, 45)
                if 2 ** (quarter / 4) < 2 * count
            ]
            yield [(f"efSearch={step}", depth) for step in steps or (64,)]
    else:
        yield [("", depth) for depth in (DEPTHS if parts["code"] != "Flat" else (1,))]
