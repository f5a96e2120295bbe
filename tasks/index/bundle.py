"""Verb `bundle`: tune and probe an index, and write the generation that can go live."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import faiss
import numpy as np

from tasks.core.candidate import Candidate
from tasks.core.errors import RefusedData
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.manifest import Artefact
from tasks.core.search import Searcher, open_index
from tasks.core.snapshot import Snapshot
from tasks.core.store import Store
from tasks.index.catalogue import Catalogue
from tasks.index.people import People, people, queries
from tasks.index.probe import Probe, probe
from tasks.index.settings import BundleRequest
from tasks.index.tune import Parameters, adjust, tune
from tasks.index.writing import write_items, write_search, write_users


def bundle(request: BundleRequest) -> dict:
    """Write `generations/<family>/<id>/`, or find it written.

    Raises:
        RefusedData: the index finds less than `minimum_recall` of the exact top 50, or nobody can be served.
    """
    store = Store(request.store)
    index = store.open(request.index, "index")
    candidate = Candidate(store.open(index.facts["candidate"], "candidate"))
    snapshot = Snapshot(store.open(index.facts["snapshot"], "snapshot"))
    code = code_version("index")
    settings = {name: getattr(request, name) for name in ("search", "wanted_recall", "probes", "top", "seed")}
    id = identity(family=candidate.family, index=index.id, version=request.version, settings=settings, code=code)
    where = ("generations", candidate.family, id)
    done = store.find(*where)
    if done is None:
        _write(store, where, request, index, candidate, snapshot, code)
        done = store.find(*where)
    else:
        _judge(Probe(**done.facts["probe"]), index, request.minimum_recall)
    return _result(done)


def _write(store: Store, where: tuple[str, ...], request: BundleRequest, index: Artefact, candidate: Candidate, snapshot: Snapshot,
           code: str) -> None:
    catalogue = Catalogue.of(candidate, index)
    crowd = people(snapshot, catalogue.rows_of(snapshot.item_ids), catalogue.trained)
    vectors = _queries(candidate, crowd)
    probing, tuning = _sample(vectors, request.probes, request.seed)
    with store.writing("generation", *where) as draft:
        parameters, depth = _tuned(request, index, catalogue, tuning, draft.path / "index.faiss")
        searcher = Searcher(open_index(draft.path / "index.faiss"), catalogue.vectors, depth)  # as the reader will open it
        measured = probe(searcher, probing, (draft.path / "index.faiss").stat().st_size)
        log("index.probed", factory=index.facts["factory"], **dataclasses.asdict(measured))
        _judge(measured, index, request.minimum_recall)
        faiss.omp_set_num_threads(request.threads)
        write_items(draft.path, catalogue, snapshot)
        write_users(draft.path, crowd, vectors, snapshot, len(catalogue.item_ids), searcher, request.top)
        write_search(draft.path, catalogue, candidate.encoder)
        draft.counts = {"items": len(catalogue.item_ids), "cold_items": len(catalogue.item_ids) - catalogue.trained,
                        "left_out_items": index.counts["left_out"], "users": crowd.with_query, "known_users": len(crowd.users),
                        "left_out_users": crowd.left_out, "seen": len(crowd.seen.items)}
        draft.facts = {"family": candidate.family, "candidate": candidate.artefact.uri, "snapshot": snapshot.uri,
                       "day": snapshot.day, "dataset": snapshot.dataset, "version": request.version, "trained": catalogue.trained,
                       "dimension": candidate.vectors.shape[1], "factory": index.facts["factory"], "search": parameters,
                       "depth": depth, "probe": dataclasses.asdict(measured)}
        draft.lineage = {"settings": dataclasses.asdict(request), "code": code,
                         "parents": [index.uri, candidate.artefact.uri, snapshot.uri]}


def _tuned(request: BundleRequest, index: Artefact, catalogue: Catalogue, queries: np.ndarray, path: Path) -> Parameters:
    """Write the index with its search parameters in it."""
    opened, factory = faiss.read_index(str(index.file("index.faiss"))), index.facts["factory"]
    if request.search:
        adjust(opened, factory, request.search)
        parameters, depth = request.search, 1
    else:
        parameters, depth = tune(opened, catalogue.vectors, factory, queries, request.wanted_recall)
    faiss.write_index(opened, str(path))
    return parameters, depth


def _queries(candidate: Candidate, crowd: People) -> np.ndarray:
    vectors = queries(candidate.encoder, crowd.read.take(np.arange(crowd.with_query)))
    if not len(vectors):
        raise RefusedData("no user of the snapshot liked an item that the model knows",
                          remedy="name the snapshot it learned from")
    if not np.isfinite(vectors).all():
        raise RefusedData("the encoder makes queries that are not numbers",
                          got=f"{int((~np.isfinite(vectors)).any(axis=1).sum())} users",
                          remedy="train the candidate again")
    return vectors


def _sample(vectors: np.ndarray, probes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Queries to probe with, and others to tune with; of a few users all are used for both."""
    if len(vectors) < 100:
        return vectors, vectors
    order = np.random.default_rng(seed).permutation(len(vectors))
    half = min(probes, len(vectors) // 2)
    return vectors[np.sort(order[:half])], vectors[np.sort(order[half:half + min(probes, 500)])]


def _judge(measured: Probe, index: Artefact, minimum: float) -> None:
    if measured.recall < minimum:
        raise RefusedData(f"the index {index.facts['factory']} finds too little of what exact search finds",
                          got=f"recall@50 {measured.recall:.4f}", allowed=f"at least {minimum}",
                          remedy="raise wanted_recall, nprobe or efSearch, or take Flat; what is live stays")


def _result(done: Artefact) -> dict:
    facts, measured = done.facts, done.facts["probe"]
    return {"uri": done.uri, "id": done.id, "family": facts["family"], "candidate": facts["candidate"],
            "snapshot": facts["snapshot"], "day": facts["day"], "version": facts["version"], "factory": facts["factory"],
            "search": facts["search"], "depth": facts["depth"], "dimension": facts["dimension"],
            **{name: done.counts[name] for name in ("items", "cold_items", "left_out_items", "users", "left_out_users")},
            **{name: measured[name] for name in ("recall", "queries_per_s", "p50_ms", "p99_ms", "bytes_per_vector")},
            "bytes": sum(file["bytes"] for file in done.files.values())}
