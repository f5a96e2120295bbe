"""Verb `build`: the FAISS index of a candidate's vectors."""

from __future__ import annotations

import faiss

from tasks.core.candidate import Candidate
from tasks.core.errors import BadRequest
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.store import Store
from tasks.index.factory import make
from tasks.index.settings import BuildRequest


def build(request: BuildRequest) -> dict:
    """Write `indexes/<family>/<id>/index.faiss`, or find it written."""
    store = Store(request.store)
    uri, version = (request.candidate, None) if request.candidate else _champion(request.family)
    artefact = store.open(uri, "candidate")
    if artefact.facts["family"] != request.family:
        raise BadRequest("the candidate is of another family", got=artefact.facts["family"], allowed=request.family)
    code = code_version("index")
    id = identity(family=request.family, candidate=artefact.id, factory=request.factory, search=request.search, code=code)
    where = ("indexes", request.family, id)
    if store.find(*where) is None:
        vectors = Candidate(artefact).vectors
        faiss.omp_set_num_threads(request.threads)
        index = make(vectors, request.factory, request.search)
        with store.writing("index", *where) as draft:
            faiss.write_index(index, str(draft.path / "index.faiss"))
            draft.counts = {"items": len(vectors)}
            draft.facts = {"family": request.family, "candidate": uri, "factory": request.factory, "search": request.search,
                           "dimension": vectors.shape[1]}
            draft.lineage = {"settings": {"factory": request.factory, "search": request.search}, "code": code, "parents": [uri]}
        log("index.built", factory=request.factory, items=len(vectors), dimension=vectors.shape[1])
    done = store.find(*where)
    return {"uri": done.uri, "id": id, "family": request.family, "candidate": uri, "version": version,
            "bytes": done.files["index.faiss"]["bytes"], "items": done.counts["items"], "dimension": done.facts["dimension"]}


def _champion(family: str) -> tuple[str, str]:
    from tasks.core.tracking import CHAMPION, by_alias, model_name

    found = by_alias(family, CHAMPION)
    if found is None:
        raise BadRequest(f"{model_name(family)} has no champion yet", remedy=f"train {family} first, or name a candidate")
    if "recall.uri" not in found.tags:
        raise BadRequest(f"version {found.version} of {model_name(family)} does not say where its candidate lies",
                         allowed="the tag recall.uri", remedy="name the candidate in the request")
    return found.tags["recall.uri"], str(found.version)
