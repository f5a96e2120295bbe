"""Tuning and validation of an index, opened as the reader will open it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import faiss
import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.retrieval.faiss_search import Searcher, open_index
from tasks.index.factory import build_index
from tasks.index.index_size import parse_factory
from tasks.index.probe import Probe, probe_index
from tasks.index.tune import set_parameters, tune_parameters

MAX_TUNING_QUERIES = 500
MIN_QUERIES_TO_SPLIT = 100


@dataclasses.dataclass(frozen=True)
class IndexReport:
    """Facts of an index in the manifest of a generation.

    Attributes:
        factory: its factory string.
        search: FAISS's search parameters, set in the file.
        depth: how many times the wanted rows the index is asked for.
        probe: measurement on queries that did not tune it.
    """

    factory: str
    search: str
    depth: int
    probe: Probe

    @classmethod
    def of(cls, facts: dict) -> IndexReport:
        """The report in the facts of a manifest."""
        return cls(facts["factory"], facts["search"], facts["depth"], Probe(**facts["probe"]))

    def judge(self, minimum: float) -> None:
        """Refuse an index whose recall is too low.

        Raises:
            RefusedData: recall@50 below `minimum`.
        """
        if self.probe.recall < minimum:
            raise RefusedData(
                f"the index {self.factory} of items finds too little of what exact search finds",
                got=f"recall@50 {self.probe.recall:.4f}",
                allowed=f"at least {minimum}",
                remedy="raise wanted_recall, nprobe or efSearch, or take Flat; what is live stays",
            )


def tune_and_validate(
    source: Path,
    factory: str,
    vectors: np.ndarray,
    queries: tuple[np.ndarray, np.ndarray],
    target: Path,
    wanted: float,
    search: str = "",
    ours: bool = False,
) -> tuple[IndexReport, Searcher]:
    """Write the index at `source` to `target` with its search parameters set, and probe it there.

    Args:
        vectors: float32 (n, d), which the index was built over.
        queries: float32 (q, d) to probe with, and others to tune with.
        wanted: recall@50 to tune to.
        search: parameters to take instead of tuned ones.
        ours: the kind was chosen by size alone. Lists of which most must be scanned are then
            replaced by an exact index, which is smaller and faster.
    """
    index, depth = faiss.read_index(str(source)), 1
    if search:
        set_parameters(index, factory, search)
    else:
        search, depth = tune_parameters(index, vectors, factory, queries[1], wanted)
        if ours and _scans_most(index, factory):
            log("index.exact", instead_of=factory, because=f"{search} scans most of it")
            index, factory, search = build_index(vectors, "Flat"), "Flat", ""
    faiss.write_index(index, str(target))
    searcher = Searcher(open_index(target), vectors, depth)
    probe = probe_index(searcher, queries[0], target.stat().st_size)
    log(
        "index.probed",
        file=target.name,
        factory=factory,
        search=search,
        **dataclasses.asdict(probe),
    )
    return IndexReport(factory, search, depth, probe), searcher


def _scans_most(index: faiss.Index, factory: str) -> bool:
    lists = faiss.try_extract_index_ivf(index)
    return (
        lists is not None
        and parse_factory(factory)["listed"] == "Flat"
        and 2 * lists.nprobe > lists.nlist
    )


def split_queries(vectors: np.ndarray, probes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Queries to probe with, and others to tune with; fewer than 100 queries are used for both."""
    if len(vectors) < MIN_QUERIES_TO_SPLIT:
        return vectors, vectors
    order = np.random.default_rng(seed).permutation(len(vectors))
    half = min(probes, len(vectors) // 2)
    return vectors[np.sort(order[:half])], vectors[
        np.sort(order[half : half + min(probes, MAX_TUNING_QUERIES)])
    ]
