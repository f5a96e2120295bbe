"""Verb `build`: the FAISS index of a candidate's vectors.

indexes/<family>/<id>/
    index.faiss         the index of the candidate vectors
    cold_ids.*          ids of the items whose vectors were predicted from their genres
    cold.npy            float32 (cold, d), their candidate vectors
"""

from __future__ import annotations

import faiss
import numpy as np

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.arrays import StringTable, save
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.index.catalogue import cold_items
from tasks.index.factory import build_index
from tasks.index.index_size import bytes_per_vector, choose_factory
from tasks.index.settings import BuildRequest


def build(request: BuildRequest) -> dict:
    """Write the index of a candidate, or find it written.

    Returns:
        uri and id of the index, family, candidate, version (of the registered model), factory,
        bytes, bytes_per_vector, predicted_bytes_per_vector, items, cold_items, left_out_items,
        dimension.

    Raises:
        BadRequest: another family's candidate, or an index that cannot be made or would weigh too
            much.
        RefusedData: vectors that are not numbers, or all zero.
    """
    store = Store(request.store)
    uri, version = (request.candidate, None) if request.candidate else _champion(request.family)
    candidate = _open_candidate(store, uri, request.family)
    snapshot = Snapshot(
        store.open(request.snapshot or _trained_on(store, candidate.facts), "snapshot")
    )
    settings = {
        "factory": request.factory,
        "memory_mib": request.memory_mib,
        "cold_items": request.cold_items,
    }
    code = code_version(__name__)
    id = identity(
        family=request.family,
        candidate=candidate.id,
        snapshot=snapshot.id,
        settings=settings,
        code=code,
    )
    path = ("indexes", request.family, id)
    if store.find(*path) is None:
        lineage = {"settings": settings, "code": code, "parents": [uri, snapshot.uri]}
        _write(store, path, request, uri, Candidate(candidate), snapshot, lineage)
    index = store.find(*path)
    assert index, "it was written, or found written, above"
    return _result(index, uri, version)


def _open_candidate(store: Store, uri: str, family: str) -> Artefact:
    artefact = store.open(uri, "candidate")
    if artefact.facts["family"] != family:
        raise BadRequest(
            "the candidate is of another family", got=artefact.facts["family"], allowed=family
        )
    return artefact


def _write(
    store: Store,
    path: tuple[str, ...],
    request: BuildRequest,
    uri: str,
    candidate: Candidate,
    snapshot: Snapshot,
    lineage: dict,
) -> None:
    cold = cold_items(candidate, snapshot, request.cold_items == "metadata")
    vectors = np.concatenate([candidate.vectors, cold.vectors])
    _check_vectors(vectors)
    count, dimension = vectors.shape
    factory = _factory(request, request.factory, vectors.shape)
    faiss.omp_set_num_threads(request.threads)
    with store.writing("index", *path) as draft:
        say(f"the index {factory} of {count:,} candidate vectors")
        faiss.write_index(build_index(vectors, factory), str(draft.path / "index.faiss"))
        StringTable.of(cold.ids).save(draft.path, "cold_ids")
        save(draft.path / "cold.npy", cold.vectors)
        counts = {"items": count, "cold": len(cold.ids), "left_out": cold.left_out}
        draft.counts = counts
        draft.facts = {
            "family": request.family,
            "candidate": uri,
            "snapshot": snapshot.uri,
            "factory": factory,
            "dimension": dimension,
            "predicted_bytes_per_vector": round(bytes_per_vector(factory, dimension, count), 2),
        }
        draft.lineage = lineage
    log("index.built", factory=factory, dimension=dimension, **counts)


def _result(index: Artefact, candidate_uri: str, version: str | None) -> dict:
    size = index.files["index.faiss"]["bytes"]
    return {
        "uri": index.uri,
        "id": index.id,
        "family": index.facts["family"],
        "candidate": candidate_uri,
        "version": version,
        "factory": index.facts["factory"],
        "bytes": size,
        "bytes_per_vector": round(size / index.counts["items"], 2),
        "predicted_bytes_per_vector": index.facts["predicted_bytes_per_vector"],
        "items": index.counts["items"],
        "cold_items": index.counts["cold"],
        "left_out_items": index.counts["left_out"],
        "dimension": index.facts["dimension"],
    }


def _check_vectors(vectors: np.ndarray) -> None:
    """Refuse vectors that no search can rank.

    A zero vector would outrank every item with a negative score.
    """
    for invalid, what in (
        (~np.isfinite(vectors).all(axis=1), "not numbers"),
        (~np.any(vectors, axis=1), "all zero"),
    ):
        if invalid.any():
            raise RefusedData(
                f"candidate vectors are {what}",
                got=f"{int(invalid.sum())} of {len(vectors)}",
                remedy="train the candidate again; what is live stays",
            )


def _factory(request: BuildRequest, factory: str, shape: tuple[int, int]) -> str:
    """The factory string of an index whose predicted size fits the request; the size is logged."""
    count, dimension = shape
    budget = None if request.memory_mib is None else request.memory_mib * 2**20
    factory = choose_factory(count, dimension, budget) if factory == "auto" else factory
    per_vector = bytes_per_vector(factory, dimension, count)
    size = per_vector * count
    log("index.predicted", factory=factory, bytes_per_vector=per_vector, mib=size / 2**20)
    if budget is not None and size > budget:
        raise BadRequest(
            f"{factory} would weigh more than the index may",
            got=f"{size / 2**20:,.1f} MiB",
            allowed=f"{request.memory_mib:,.1f} MiB",
            remedy="take auto, or raise memory_mib",
        )
    return factory


def _trained_on(store: Store, facts: dict) -> str:
    """URI of the snapshot that a candidate was trained on."""
    return store.uri("snapshots", facts["dataset"], facts["day"], facts["snapshot"])


def _champion(family: str) -> tuple[str, str]:
    """URI of the candidate behind the champion of the registry, and its version."""
    from tasks.core.registry.mlflow_client import CHAMPION, by_alias, model_name

    champion = by_alias(family, CHAMPION)
    if champion is None:
        raise BadRequest(
            f"{model_name(family)} has no champion yet",
            remedy=f"train {family} first, or name a candidate",
        )
    if "recall.uri" not in champion.tags:
        raise BadRequest(
            f"version {champion.version} of {model_name(family)} does not name its candidate",
            allowed="the tag recall.uri",
            remedy="name the candidate in the request",
        )
    return champion.tags["recall.uri"], str(champion.version)
