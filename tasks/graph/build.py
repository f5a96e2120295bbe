"""Build the graph of a snapshot's training rows, once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log, say
from tasks.core.data.graph import LAWS, Tables
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.store.arrays import save
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact, Draft
from tasks.core.store.store import Store
from tasks.graph.laws.cooccurrence import build_cooccurrence
from tasks.graph.laws.degree_penalised import build_degree_penalised
from tasks.graph.settings import BuildRequest
from tasks.graph.window_graph import WindowGraph


def build(request: BuildRequest) -> dict:
    """Write the graph of one snapshot, or find it written.

    Engine and update do not change what the graph holds, so its id does not depend on them.

    Raises:
        BadRequest: no such snapshot.
        RefusedData: no user liked two items, so there is no edge to walk.
    """
    store = Store(request.store)
    snapshot = find_snapshot(store, request.snapshot, request.dataset, request.day)
    settings, code = request.of_law(), code_version(__name__)
    id = identity(dataset=snapshot.dataset, snapshot=snapshot.id, settings=settings, code=code)
    path = ("graphs", snapshot.dataset, snapshot.day, id)
    artefact = store.find(*path)
    if artefact is None:
        artefact = _write(store, request, snapshot, path, code)
    return {
        "uri": artefact.uri,
        "id": artefact.id,
        "snapshot": snapshot.uri,
        "day": snapshot.day,
        **artefact.counts,
    }


def _write(
    store: Store,
    request: BuildRequest,
    snapshot: Snapshot,
    path: tuple[str, str, str, str],
    code: str,
) -> Artefact:
    histories, items = snapshot.histories("train"), len(snapshot.item_ids)
    say(f"the graph of {len(histories):,} users and {items:,} items, law {request.law}")
    with store.writing("graph", *path) as draft:
        if request.law == "window":
            made = WindowGraph(store, request, snapshot, histories, code).write(draft.path)
        else:
            made = _of_lists(draft.path, histories, items, request)
        _refuse_no_edge(made["edges"], histories, snapshot)
        _describe(draft, request, snapshot, len(histories), made)
        draft.lineage["code"] = code
    artefact = store.find(*path)
    assert artefact is not None  # it has just been written
    log(
        "graph.built",
        law=request.law,
        engine=request.engine,
        **artefact.counts,
        alone=int((histories.lengths == 1).sum()),
    )
    return artefact


def _describe(
    draft: Draft, request: BuildRequest, snapshot: Snapshot, users: int, made: dict
) -> None:
    """Fill the draft's counts, facts and lineage (without the code).

    Args:
        made: `edges`, perhaps `weighted`, and more of the lineage.
    """
    settings = request.of_law()
    more = {name: value for name, value in made.items() if name not in ("edges", "weighted")}
    draft.counts = {"users": users, "items": len(snapshot.item_ids), "edges": made["edges"]}
    draft.facts = {
        "dataset": snapshot.dataset,
        "day": snapshot.day,
        "snapshot": snapshot.id,
        "law_version": LAWS[request.law].version,
        "weighted": made.get("weighted", False),
        **settings,
    }
    draft.lineage = {"settings": settings, "parents": [snapshot.uri], **more}


def _of_lists(folder: Path, histories: Histories, items: int, request: BuildRequest) -> dict:
    """Write a graph that is the users' lists, in which nothing is summed over days."""
    if request.law == "cooccurrence":
        tables = build_cooccurrence(histories, items, request.entrance)
    else:
        tables = build_degree_penalised(histories, items, request.degree_penalty, request.entrance)
    _save(folder, tables)
    return {"edges": tables.edges, "weighted": type(tables) is not LAWS[request.law]}


def _save(folder: Path, tables: Tables) -> None:
    for field in dataclasses.fields(tables):
        save(folder / f"{field.name}.npy", getattr(tables, field.name))


def _refuse_no_edge(edges: int, histories: Histories, snapshot: Snapshot) -> None:
    if not edges:
        raise RefusedData(
            f"no user of {snapshot.uri} liked two items in its training part: the graph has no "
            f"edge",
            got=f"{len(histories.items)} liked rows of {int((histories.lengths > 0).sum())} users",
            remedy="ingest a day with more data, or let more rows count as liked (`liked`)",
        )
