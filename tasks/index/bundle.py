"""Verb `bundle`: tune and probe an index, and write the generation that can go live."""

from __future__ import annotations

import dataclasses

import faiss
import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import say
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.index.catalogue import Catalogue
from tasks.index.generation_files import write_items, write_users, write_vectors
from tasks.index.index_report import IndexReport, split_queries, tune_and_validate
from tasks.index.served_users import ServedUsers, encode_users, find_served_users
from tasks.index.settings import BundleRequest

ITEMS, SIMILAR = "items", "similar items"


def bundle(request: BundleRequest) -> dict:
    """Write `generations/<family>/<id>/`, or find it written.

    Raises:
        RefusedData: the index finds less than `minimum_recall` of the exact top 50, or nobody can
            be served.
    """
    store = Store(request.store)
    index = store.open(request.index, "index")
    candidate = Candidate(store.open(index.facts["candidate"], "candidate"))
    snapshot = Snapshot(store.open(index.facts["snapshot"], "snapshot"))
    code = code_version(__name__)
    settings = {
        name: getattr(request, name)
        for name in ("search", "wanted_recall", "probes", "top", "seed")
    }
    id = identity(
        family=candidate.family,
        index=index.id,
        version=request.version,
        settings=settings,
        code=code,
    )
    where = ("generations", candidate.family, id)
    done = store.find(*where)
    if done is None:
        _write(store, where, request, index, candidate, snapshot, code)
        done = store.find(*where)
    assert done, "it was written, or found written, above"
    for facts, of in ((done.facts, ITEMS), (done.facts["similar"], SIMILAR)):
        IndexReport.of(facts).judge(request.minimum_recall, of)
    return _result(done)


def _write(
    store: Store,
    where: tuple[str, ...],
    request: BundleRequest,
    index: Artefact,
    candidate: Candidate,
    snapshot: Snapshot,
    code: str,
) -> None:
    say("step 1 of 4: the queries of the users")
    catalogue = Catalogue.of(candidate, index)
    crowd = find_served_users(
        snapshot, candidate.encoder, catalogue.rows_of(snapshot.item_ids), catalogue.trained
    )
    vectors = _queries(candidate, crowd)
    with store.writing("generation", *where) as draft:
        say(f"step 2 of 4: tuning and probing the index of {len(catalogue.item_ids):,} items")
        found, searcher = tune_and_validate(
            index.file("index.faiss", verify=False),
            index.facts["factory"],
            catalogue.vectors,
            split_queries(vectors, request.probes, request.seed),
            draft.path / "index.faiss",
            request.wanted_recall,
            request.search,
            ours=index.lineage["settings"]["factory"] == "auto",
        )
        found.judge(request.minimum_recall, ITEMS)
        say("step 3 of 4: tuning and probing what is like an item")
        liked = split_queries(_liked(catalogue, crowd, request), request.probes, request.seed)
        alike, _ = tune_and_validate(
            index.file("similar.faiss", verify=False),
            index.facts["similar_factory"],
            catalogue.similar,
            liked,
            draft.path / "similar.faiss",
            request.wanted_recall,
            ours=True,
        )
        alike.judge(request.minimum_recall, SIMILAR)
        faiss.omp_set_num_threads(request.threads)
        say(f"step 4 of 4: lists and histories of {len(crowd.users):,} users")
        write_items(draft.path, catalogue, snapshot)
        write_users(
            draft.path, crowd, vectors, snapshot, len(catalogue.item_ids), searcher, request.top
        )
        write_vectors(draft.path, catalogue, candidate.encoder)
        draft.counts = {
            "items": len(catalogue.item_ids),
            "cold_items": catalogue.cold,
            "left_out_items": index.counts["left_out"],
            "users": crowd.with_query,
            "known_users": len(crowd.users),
            "left_out_users": crowd.left_out,
            "seen": len(crowd.seen.items),
        }
        draft.facts = {
            "family": candidate.family,
            "candidate": candidate.artefact.uri,
            "snapshot": snapshot.uri,
            "day": snapshot.day,
            "dataset": snapshot.dataset,
            "version": request.version,
            "trained": catalogue.trained,
            "recommend_seen": snapshot.recommend_seen,
            "dimension": candidate.vectors.shape[1],
            **dataclasses.asdict(found),
            "similar": dataclasses.asdict(alike),
        }
        draft.lineage = {
            "settings": dataclasses.asdict(request),
            "code": code,
            "parents": [index.uri, candidate.artefact.uri, snapshot.uri],
        }


def _queries(candidate: Candidate, crowd: ServedUsers) -> np.ndarray:
    asked = np.arange(crowd.with_query)
    vectors = encode_users(
        candidate.encoder, crowd.read.select_users(asked), crowd.attributes.select_users(asked)
    )
    if not len(vectors):
        raise RefusedData(
            "no user of the snapshot liked an item that the model knows",
            remedy="name the snapshot it learned from",
        )
    if not np.isfinite(vectors).all():
        raise RefusedData(
            "the encoder makes queries that are not numbers",
            got=f"{int((~np.isfinite(vectors)).any(axis=1).sum())} users",
            remedy="train the candidate again",
        )
    return vectors


def _liked(catalogue: Catalogue, crowd: ServedUsers, request: BundleRequest) -> np.ndarray:
    """Vectors of items that people liked, as often as they did: whose neighbours will be asked
    for.
    """
    items = crowd.liked.items
    return catalogue.similar[
        np.random.default_rng(request.seed).choice(
            items, min(2 * request.probes, len(items)), replace=False
        )
    ]


def _result(done: Artefact) -> dict:
    facts, measured = done.facts, done.facts["probe"]
    return {
        "uri": done.uri,
        "id": done.id,
        "family": facts["family"],
        "candidate": facts["candidate"],
        "snapshot": facts["snapshot"],
        "day": facts["day"],
        "version": facts["version"],
        "factory": facts["factory"],
        "search": facts["search"],
        "depth": facts["depth"],
        "dimension": facts["dimension"],
        **{
            name: done.counts[name]
            for name in ("items", "cold_items", "left_out_items", "users", "left_out_users")
        },
        **{
            name: measured[name]
            for name in ("recall", "queries_per_s", "p50_ms", "p99_ms", "bytes_per_vector")
        },
        "similar_recall": facts["similar"]["probe"]["recall"],
        "bytes": sum(file["bytes"] for file in done.files.values()),
    }
