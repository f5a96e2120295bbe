"""Verb `bundle`: tune and probe an index, and write the generation that can go live.

generations/<family>/<id>/
    index.faiss                     the index, its search parameters set
    the files of items, users and vectors, see `tasks.index.generation_files`
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import faiss
import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import say
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.faiss_search import Searcher
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.index.catalogue import Catalogue
from tasks.index.generation_files import write_items, write_users, write_vectors
from tasks.index.index_report import IndexReport, split_queries, tune_and_validate
from tasks.index.served_users import ServedUsers, encode_users, find_served_users
from tasks.index.settings import BundleRequest


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The artefacts that a generation is made of."""

    index: Artefact
    candidate: Candidate
    snapshot: Snapshot

    @classmethod
    def of(cls, store: Store, index_uri: str) -> Inputs:
        """The index and the candidate and snapshot that it was built from."""
        index = store.open(index_uri, "index")
        return cls(
            index,
            Candidate(store.open(index.facts["candidate"], "candidate")),
            Snapshot(store.open(index.facts["snapshot"], "snapshot")),
        )

    @property
    def uris(self) -> list[str]:
        """URIs of the parents of the generation."""
        return [self.index.uri, self.candidate.artefact.uri, self.snapshot.uri]


def bundle(request: BundleRequest) -> dict:
    """Write the generation of an index, or find it written.

    Returns:
        uri and id of the generation, family, candidate, snapshot, day, version, factory, search,
        depth, dimension, items, cold_items, left_out_items, users, left_out_users, recall,
        queries_per_s, p50_ms, p99_ms, bytes_per_vector, bytes.

    Raises:
        RefusedData: the index finds less than `minimum_recall` of the exact top 50, or no user can
            be served.
    """
    store = Store(request.store)
    inputs = Inputs.of(store, request.index)
    code = code_version(__name__)
    id = identity(
        family=inputs.candidate.family,
        index=inputs.index.id,
        version=request.version,
        settings={
            name: getattr(request, name)
            for name in ("search", "wanted_recall", "probes", "top", "seed")
        },
        code=code,
    )
    path = ("generations", inputs.candidate.family, id)
    if store.find(*path) is None:
        _write(store, path, request, inputs, code)
    generation = store.find(*path)
    assert generation, "it was written, or found written, above"
    IndexReport.of(generation.facts).judge(request.minimum_recall)
    return _result(generation)


def _write(
    store: Store, path: tuple[str, ...], request: BundleRequest, inputs: Inputs, code: str
) -> None:
    candidate, snapshot = inputs.candidate, inputs.snapshot
    say("step 1 of 3: the queries of the users")
    catalogue = Catalogue.of(candidate, inputs.index)
    users = find_served_users(
        snapshot, candidate.encoder, catalogue.rows_of(snapshot.item_ids), catalogue.trained
    )
    queries = _queries(candidate, users)
    with store.writing("generation", *path) as draft:
        say(f"step 2 of 3: tuning and probing the index of {len(catalogue.item_ids):,} items")
        report, searcher = _tune_items(request, inputs.index, catalogue, queries, draft.path)
        faiss.omp_set_num_threads(request.threads)
        say(f"step 3 of 3: lists and histories of {len(users.users):,} users")
        write_items(draft.path, catalogue, snapshot)
        write_users(
            draft.path, users, queries, snapshot, len(catalogue.item_ids), searcher, request.top
        )
        write_vectors(draft.path, catalogue, candidate.encoder)
        draft.counts = _counts(inputs.index, catalogue, users)
        draft.facts = {
            **_facts(inputs, catalogue, request.version),
            **dataclasses.asdict(report),
        }
        draft.lineage = {
            "settings": dataclasses.asdict(request),
            "code": code,
            "parents": inputs.uris,
        }


def _tune_items(
    request: BundleRequest,
    index: Artefact,
    catalogue: Catalogue,
    queries: np.ndarray,
    folder: Path,
) -> tuple[IndexReport, Searcher]:
    """Write the tuned index of candidate vectors; refuse one that finds too little."""
    report, searcher = tune_and_validate(
        index.file("index.faiss", verify=False),
        index.facts["factory"],
        catalogue.vectors,
        split_queries(queries, request.probes, request.seed),
        folder / "index.faiss",
        request.wanted_recall,
        request.search,
        ours=index.lineage["settings"]["factory"] == "auto",
    )
    report.judge(request.minimum_recall)
    return report, searcher


def _counts(index: Artefact, catalogue: Catalogue, users: ServedUsers) -> dict:
    return {
        "items": len(catalogue.item_ids),
        "cold_items": catalogue.cold,
        "left_out_items": index.counts["left_out"],
        "users": users.with_query,
        "known_users": len(users.users),
        "left_out_users": users.left_out,
        "seen": len(users.seen.items),
    }


def _facts(inputs: Inputs, catalogue: Catalogue, version: str | None) -> dict:
    candidate, snapshot = inputs.candidate, inputs.snapshot
    return {
        "family": candidate.family,
        "candidate": candidate.artefact.uri,
        "snapshot": snapshot.uri,
        "day": snapshot.day,
        "dataset": snapshot.dataset,
        "version": version,
        "trained": catalogue.trained,
        "recommend_seen": snapshot.recommend_seen,
        "dimension": candidate.vectors.shape[1],
    }


def _queries(candidate: Candidate, users: ServedUsers) -> np.ndarray:
    """float32 (users with a query, d), or (users with a query, interests d).

    Raises:
        RefusedData: no user has a query, or a query is not finite.
    """
    rows = np.arange(users.with_query)
    queries = encode_users(
        candidate.encoder, users.read.select_users(rows), users.attributes.select_users(rows)
    )
    if not len(queries):
        raise RefusedData(
            "no user of the snapshot liked an item that the model knows",
            remedy="name the snapshot it learned from",
        )
    if not np.isfinite(queries).all():
        raise RefusedData(
            "the encoder makes queries that are not numbers",
            got=f"{int((~np.isfinite(queries)).any(axis=1).sum())} users",
            remedy="train the candidate again",
        )
    return queries


def _result(generation: Artefact) -> dict:
    facts, probe = generation.facts, generation.facts["probe"]
    return {
        "uri": generation.uri,
        "id": generation.id,
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
            name: generation.counts[name]
            for name in ("items", "cold_items", "left_out_items", "users", "left_out_users")
        },
        **{
            name: probe[name]
            for name in ("recall", "queries_per_s", "p50_ms", "p99_ms", "bytes_per_vector")
        },
        "bytes": sum(file["bytes"] for file in generation.files.values()),
    }
