"""Tuning of the search parameters of an index, for a wanted recall, on queries of real users."""

from __future__ import annotations

import dataclasses
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
# FAISS's search parameters, and the depth: how many times the wanted rows the index is asked for
Parameters = tuple[str, int]


def set_parameters(index: faiss.Index, factory: str, search: str) -> None:
    """Set search parameters in the index, as `nprobe=16` or `efSearch=64`.

    Raises:
        BadRequest: the index has no such parameter.
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


@dataclasses.dataclass(frozen=True)
class Trial:
    """Measurement of one choice of parameters.

    Attributes:
        parameters: those that were tried.
        recall: recall@50 against exact search.
        seconds: mean time of a query.
    """

    parameters: Parameters
    recall: float
    seconds: float


def tune_parameters(
    index: faiss.Index, vectors: np.ndarray, factory: str, queries: np.ndarray, wanted: float
) -> Parameters:
    """Set the fastest parameters that reach `wanted` recall@50, or those of the highest recall.

    Recall only grows along a ladder of parameters, so the cheapest one that reaches it is found by
    bisection; of several ladders (a compressed code may be searched wider, or deeper) the fastest
    result is taken.

    Args:
        vectors: float32 (n, d), which re-score the rows that the index returns.
        queries: float32 (q ≥ 1, d), of other users than the probe's.
    """
    ladders = list(_ladders(factory, len(vectors)))
    if len(ladders) == len(ladders[0]) == 1:
        return ladders[0][0]
    exact = top_k(queries, vectors, PROBE_K)
    trials = [
        trial
        for ladder in ladders
        for trial in _bisect(index, vectors, factory, queries, ladder, wanted, exact)
    ]
    reached = [trial for trial in trials if trial.recall >= wanted]
    best = (
        min(reached, key=lambda trial: trial.seconds)
        if reached
        else max(trials, key=lambda trial: (trial.recall, -trial.seconds))
    )
    search, depth = best.parameters
    set_parameters(index, factory, search)
    log(
        "index.tuned",
        factory=factory,
        search=search or "none",
        depth=depth,
        recall=best.recall,
        queries_per_s=1 / best.seconds,
        tried=len(trials),
    )
    return best.parameters


def _bisect(
    index: faiss.Index,
    vectors: np.ndarray,
    factory: str,
    queries: np.ndarray,
    ladder: list[Parameters],
    wanted: float,
    exact: np.ndarray,
) -> list[Trial]:
    """Trials of a ladder, from cheap to dear; the last is of the cheapest that reaches `wanted`."""
    trials: list[Trial] = []

    def measure(parameters: Parameters) -> bool:
        search, depth = parameters
        set_parameters(index, factory, search)
        searcher, started = Searcher(index, vectors, depth), time.perf_counter()
        rows = [searcher.search(query, PROBE_K)[0] for query in queries]
        seconds = (time.perf_counter() - started) / len(queries)
        reached = recall(queries, vectors, rows, exact=exact)
        trials.append(Trial(parameters, reached, seconds))
        return reached >= wanted

    low, high = 0, len(ladder) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if measure(ladder[middle]) else (middle + 1, high)
    measure(ladder[low])
    return trials


def _ladders(factory: str, count: int) -> Iterator[list[Parameters]]:
    """Lists of parameters of an index of `count` vectors, each from cheap to dear."""
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
