"""Verb `bundle`: probe an index and write the generation that can go live."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import faiss
import numpy as np

from tasks.core.arrays import StringTable, save
from tasks.core.candidate import Candidate
from tasks.core.encoders import save_encoder
from tasks.core.errors import RefusedData
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.manifest import Artefact
from tasks.core.search import Searcher, open_index
from tasks.core.snapshot import Snapshot
from tasks.core.store import Store
from tasks.index.people import People, people, popularity, queries
from tasks.index.probe import Probe, probe
from tasks.index.settings import BundleRequest


def bundle(request: BundleRequest) -> dict:
    """Write `generations/<family>/<id>/`, or find it written.

    Raises:
        RefusedData: the index finds less than `minimum_recall` of the exact top 50, or nobody can be served.
    """
    store = Store(request.store)
    index = store.open(request.index, "index")
    candidate = Candidate(store.open(index.facts["candidate"], "candidate"))
    snapshot = Snapshot(store.open(request.snapshot or _learned_from(store, candidate), "snapshot"))
    code = code_version("index")
    id = identity(family=candidate.family, index=index.id, snapshot=snapshot.id, version=request.version, code=code)
    where = ("generations", candidate.family, id)
    done = store.find(*where)
    if done is not None:
        _judge(Probe(**done.facts["probe"]), index, request.minimum_recall)
    else:
        crowd = people(snapshot, candidate)
        vectors = _queries(candidate, crowd)
        searcher = Searcher(open_index(index.file("index.faiss")), candidate.vectors)
        measured = probe(searcher, _sample(vectors, request.probes, request.seed))
        log("index.probed", factory=index.facts["factory"], **dataclasses.asdict(measured))
        _judge(measured, index, request.minimum_recall)
        with store.writing("generation", *where) as draft:
            _labels(draft.path, candidate, snapshot)
            _crowd(draft.path, crowd, vectors, snapshot, len(candidate.item_ids))
            _search(draft.path, index, candidate)
            draft.counts = {"items": len(candidate.item_ids), "users": crowd.with_query, "known_users": len(crowd.users),
                            "left_out_users": crowd.left_out, "seen": len(crowd.seen.items)}
            draft.facts = {"family": candidate.family, "candidate": candidate.artefact.uri, "snapshot": snapshot.uri,
                           "day": snapshot.day, "dataset": snapshot.dataset, "version": request.version,
                           "dimension": candidate.vectors.shape[1], "factory": index.facts["factory"],
                           "probe": dataclasses.asdict(measured)}
            draft.lineage = {"settings": dataclasses.asdict(request), "code": code,
                             "parents": [index.uri, candidate.artefact.uri, snapshot.uri]}
        done = store.find(*where)
    return _result(done)


def _learned_from(store: Store, candidate: Candidate) -> str:
    facts = candidate.artefact.facts
    return store.path("snapshots", facts["dataset"], facts["day"], facts["snapshot"]).as_uri()


def _queries(candidate: Candidate, crowd: People) -> np.ndarray:
    asked = np.arange(crowd.with_query)
    vectors = queries(candidate.encoder, crowd.liked.take(asked), crowd.attributes.take(asked))
    if not len(vectors):
        raise RefusedData("no user of the snapshot liked an item that the model knows",
                          remedy="name the snapshot it learned from")
    if not np.isfinite(vectors).all():
        raise RefusedData("the encoder makes queries that are not numbers",
                          got=f"{int((~np.isfinite(vectors)).any(axis=1).sum())} users",
                          remedy="train the candidate again")
    return vectors


def _sample(vectors: np.ndarray, probes: int, seed: int) -> np.ndarray:
    if len(vectors) <= probes:
        return vectors
    return vectors[np.sort(np.random.default_rng(seed).choice(len(vectors), probes, replace=False))]


def _judge(measured: Probe, index: Artefact, minimum: float) -> None:
    if measured.recall < minimum:
        raise RefusedData(f"the index {index.facts['factory']} finds too little of what exact search finds",
                          got=f"recall@50 {measured.recall:.4f}", allowed=f"at least {minimum}",
                          remedy="raise nprobe or efSearch, or take Flat; what is live stays")


def _labels(folder: Path, candidate: Candidate, snapshot: Snapshot) -> None:
    """Ids, titles and genres by the candidate's rows; an item that the snapshot lacks is called by its id."""
    titles, genres = list(candidate.item_ids), [""] * len(candidate.item_ids)
    rows = candidate.rows_of(snapshot.item_ids)
    known = np.flatnonzero(rows >= 0)
    all_titles, all_genres = snapshot.items["title"].to_pylist(), snapshot.items["genres"].to_pylist()
    for item in known.tolist():
        titles[rows[item]], genres[rows[item]] = all_titles[item] or titles[rows[item]], "|".join(all_genres[item] or ())
    for name, strings in (("item_ids", candidate.item_ids), ("titles", titles), ("genres", genres)):
        StringTable.of(strings).save(folder, name)


def _crowd(folder: Path, crowd: People, vectors: np.ndarray, snapshot: Snapshot, items: int) -> None:
    ids = snapshot.user_ids
    StringTable.of([ids[user] for user in crowd.users.tolist()]).save(folder, "user_ids")
    save(folder / "user_vectors.npy", vectors)
    save(folder / "seen.offsets.npy", crowd.seen.offsets)
    save(folder / "seen.items.npy", crowd.seen.items)
    save(folder / "liked.npy", crowd.seen_liked)
    counts = popularity(crowd, items)
    save(folder / "popularity.npy", counts)
    save(folder / "popular.npy", np.lexsort((np.arange(items), -counts)).astype(np.int32))


def _search(folder: Path, index: Artefact, candidate: Candidate) -> None:
    shutil.copyfile(index.file("index.faiss"), folder / "index.faiss")
    save(folder / "vectors.npy", candidate.vectors)
    save_encoder(folder, candidate.encoder)
    similar = faiss.IndexFlatIP(candidate.similar.shape[1])
    similar.add(np.ascontiguousarray(candidate.similar, np.float32))
    faiss.write_index(similar, str(folder / "similar.faiss"))


def _result(done: Artefact) -> dict:
    facts, measured = done.facts, done.facts["probe"]
    return {"uri": done.uri, "id": done.id, "family": facts["family"], "candidate": facts["candidate"],
            "snapshot": facts["snapshot"],
            "day": facts["day"], "version": facts["version"], "items": done.counts["items"], "users": done.counts["users"],
            "left_out_users": done.counts["left_out_users"], "dimension": facts["dimension"],
            **{name: measured[name] for name in ("recall", "queries_per_s", "p50_ms", "p99_ms")},
            "bytes": sum(file["bytes"] for file in done.files.values())}
