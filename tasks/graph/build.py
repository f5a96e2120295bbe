"""Build the graph of a snapshot's training rows, once."""

from __future__ import annotations

from tasks.core.arrays import save
from tasks.core.errors import RefusedData
from tasks.core.graph import ARRAYS, Lists
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.manifest import Artefact
from tasks.core.snapshot import Snapshot, resolve
from tasks.core.store import Store
from tasks.graph.lists import build_lists
from tasks.graph.settings import BuildRequest


def build(request: BuildRequest) -> dict:
    """Write the graph of one snapshot, or find it written.

    Raises:
        BadRequest: no such snapshot.
        RefusedData: no user liked two items, so there is no edge to walk.
    """
    store = Store(request.store)
    snapshot = resolve(store, request.snapshot, request.dataset, request.day)
    settings, code = {"law": request.law, "entrance": request.entrance}, code_version("graph")
    id = identity(dataset=snapshot.dataset, snapshot=snapshot.id, settings=settings, code=code)
    place = ("graphs", snapshot.dataset, snapshot.day, id)
    artefact = store.find(*place)
    if artefact is None:
        lists = _lists(snapshot, request.entrance)
        with store.writing("graph", *place) as draft:
            for name in ARRAYS:
                save(draft.path / f"{name}.npy", getattr(lists, name))
            draft.counts = {"users": len(lists.user_offsets) - 1, "items": lists.items, "edges": lists.edges}
            draft.facts = {"dataset": snapshot.dataset, "day": snapshot.day, "snapshot": snapshot.id, **settings}
            draft.lineage = {"settings": settings, "code": code, "parents": [snapshot.uri]}
        artefact = store.find(*place)
    return _result(artefact, snapshot)


def _lists(snapshot: Snapshot, entrance: str) -> Lists:
    histories = snapshot.histories("train")
    lists = build_lists(histories, len(snapshot.item_ids), entrance)
    if not lists.edges:
        raise RefusedData(f"no user of {snapshot.uri} liked two items in its training part: the graph has no edge",
                          got=f"{len(histories.items)} liked rows of {int((histories.lengths > 0).sum())} users",
                          remedy="ingest a day with more data, or let more rows count as liked (`liked`)")
    log("graph.lists", users=len(histories), alone=int((histories.lengths == 1).sum()), edges=lists.edges,
        isolated_items=int((lists.item_offsets[1:] == lists.item_offsets[:-1]).sum()))
    return lists


def _result(artefact: Artefact, snapshot: Snapshot) -> dict:
    return {"uri": artefact.uri, "id": artefact.id, "snapshot": snapshot.uri, "day": snapshot.day, **artefact.counts}
