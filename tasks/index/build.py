"""Verb `build`: the FAISS indexes of a candidate's vectors."""

from __future__ import annotations

import faiss
import numpy as np

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.arrays import StringTable, save
from tasks.core.store.identity import code_version, identity
from tasks.core.store.store import Store
from tasks.index.catalogue import cold_items
from tasks.index.factory import build_index
from tasks.index.index_size import bytes_per_vector, choose_factory
from tasks.index.settings import BuildRequest


def build(request: BuildRequest) -> dict:
    """Write `indexes/<family>/<id>/`, or find it written: the index of candidate vectors, that of
    item-to-item vectors (chosen by size and memory), and the items that got theirs from their
    genres.

    Raises:
        BadRequest: another family's candidate, or an index that cannot be made or would weigh too
            much.
        RefusedData: vectors that are not numbers, or all zero.
    """
    store = Store(request.store)
    uri, version = (request.candidate, None) if request.candidate else _champion(request.family)
    artefact = store.open(uri, "candidate")
    if artefact.facts["family"] != request.family:
        raise BadRequest(
            "the candidate is of another family",
            got=artefact.facts["family"],
            allowed=request.family,
        )
    snapshot = Snapshot(
        store.open(request.snapshot or _learned_from(store, artefact.facts), "snapshot")
    )
    code = code_version(__name__)
    settings = {
        "factory": request.factory,
        "memory_mib": request.memory_mib,
        "cold_items": request.cold_items,
    }
    id = identity(
        family=request.family,
        candidate=artefact.id,
        snapshot=snapshot.id,
        settings=settings,
        code=code,
    )
    where = ("indexes", request.family, id)
    if store.find(*where) is None:
        candidate = Candidate(artefact)
        cold = cold_items(candidate, snapshot, request.cold_items == "metadata")
        vectors, similar = (
            np.concatenate([candidate.vectors, cold.vectors]),
            np.concatenate([candidate.similar, cold.similar]),
        )
        _usable(vectors)
        factory, alike = (
            _factory(request, request.factory, vectors.shape),
            _factory(request, "auto", similar.shape),
        )
        faiss.omp_set_num_threads(request.threads)
        with store.writing("index", *where) as draft:
            say(f"step 1 of 2: the index {factory} of {len(vectors):,} candidate vectors")
            faiss.write_index(build_index(vectors, factory), str(draft.path / "index.faiss"))
            say(f"step 2 of 2: the index {alike} of what is like an item")
            faiss.write_index(build_index(similar, alike), str(draft.path / "similar.faiss"))
            StringTable.of(cold.ids).save(draft.path, "cold_ids")
            save(draft.path / "cold.npy", cold.vectors)
            save(draft.path / "cold_similar.npy", cold.similar)
            draft.counts = {"items": len(vectors), "cold": len(cold.ids), "left_out": cold.left_out}
            draft.facts = {
                "family": request.family,
                "candidate": uri,
                "snapshot": snapshot.uri,
                "factory": factory,
                "similar_factory": alike,
                "dimension": vectors.shape[1],
                "predicted_bytes_per_vector": round(
                    bytes_per_vector(factory, vectors.shape[1], len(vectors)), 2
                ),
            }
            draft.lineage = {"settings": settings, "code": code, "parents": [uri, snapshot.uri]}
        log(
            "index.built",
            factory=factory,
            items=len(vectors),
            dimension=vectors.shape[1],
            cold=len(cold.ids),
            left_out=cold.left_out,
        )
    done = store.find(*where)
    assert done, "it was written, or found written, above"
    size = done.files["index.faiss"]["bytes"]
    return {
        "uri": done.uri,
        "id": id,
        "family": request.family,
        "candidate": uri,
        "version": version,
        "factory": done.facts["factory"],
        "bytes": size,
        "bytes_per_vector": round(size / done.counts["items"], 2),
        "predicted_bytes_per_vector": done.facts["predicted_bytes_per_vector"],
        "items": done.counts["items"],
        "cold_items": done.counts["cold"],
        "left_out_items": done.counts["left_out"],
        "dimension": done.facts["dimension"],
    }


def _usable(vectors: np.ndarray) -> None:
    """Refuse what no search can rank: a zero vector would outrank every item with a negative
    score.
    """
    for wrong, what in (
        (~np.isfinite(vectors).all(axis=1), "not numbers"),
        (~np.any(vectors, axis=1), "all zero"),
    ):
        if wrong.any():
            raise RefusedData(
                f"candidate vectors are {what}",
                got=f"{int(wrong.sum())} of {len(vectors)}",
                remedy="train the candidate again; what is live stays",
            )


def _factory(request: BuildRequest, factory: str, shape: tuple[int, int]) -> str:
    """The factory string, and a line that says what it will weigh before anything is built."""
    count, dimension = shape
    budget = None if request.memory_mib is None else request.memory_mib * 2**20
    factory = choose_factory(count, dimension, budget) if factory == "auto" else factory
    each = bytes_per_vector(factory, dimension, count)
    log("index.predicted", factory=factory, bytes_per_vector=each, mib=each * count / 2**20)
    if budget is not None and each * count > budget:
        raise BadRequest(
            f"{factory} would weigh more than the index may",
            got=f"{each * count / 2**20:,.1f} MiB",
            allowed=f"{request.memory_mib:,.1f} MiB",
            remedy="take auto, or raise memory_mib",
        )
    return factory


def _learned_from(store: Store, facts: dict) -> str:
    return store.uri("snapshots", facts["dataset"], facts["day"], facts["snapshot"])


def _champion(family: str) -> tuple[str, str]:
    from tasks.core.registry.mlflow_client import CHAMPION, by_alias, model_name

    found = by_alias(family, CHAMPION)
    if found is None:
        raise BadRequest(
            f"{model_name(family)} has no champion yet",
            remedy=f"train {family} first, or name a candidate",
        )
    if "recall.uri" not in found.tags:
        raise BadRequest(
            f"version {found.version} of {model_name(family)} does not say where its candidate "
            f"lies",
            allowed="the tag recall.uri",
            remedy="name the candidate in the request",
        )
    return found.tags["recall.uri"], str(found.version)
