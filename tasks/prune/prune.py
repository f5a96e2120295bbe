"""Verbs `plan` and `apply`: mark what is needed, sweep the rest.

What is the source or the record is never touched: deliveries, corrections, audit, verdicts. All
else can be made again, and is looked at: it stays when it is young, when it is a data set's newest
snapshot, or when something needed was made from it. A folder loses its manifest first, so that a
killed run leaves nothing that looks whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tasks.core.cli.log import Progress, log
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.prune import references
from tasks.prune.settings import PruneRequest

PRUNED_KINDS = (
    "snapshots",
    "quarantine",
    "refused",
    "graphs",
    "walks",
    "vectors",
    "candidates",
    "evaluations",
    "yardsticks",
    "indexes",
    "generations",
)
KINDS_WITHOUT_MANIFEST = (
    "checkpoints",
)  # folders without a manifest: of trainings that were given up
HALF_WRITTEN_DAYS = 2.0  # no stage writes so long at one folder, local or on S3


def plan(request: PruneRequest) -> dict:
    """{places, bytes, kinds: {kind: {places, bytes}}, keep_days}: what `apply` would delete."""
    return _told(request, list(_old(request)))


def apply(request: PruneRequest) -> dict:
    """Delete it; the result is that of `plan`."""
    store, old = Store(request.store), list(_old(request))
    told, progress = _told(request, old), Progress("deleting", max(len(old), 1), "places")
    for path, _, _ in old:
        store.remove(path)
        progress.add(1)
    log("prune.done", places=told["places"], gigabytes=told["bytes"] / 1e9)
    return told


def _old(request: PruneRequest) -> Iterator[tuple[Path, str, int]]:
    """Folders and files that may go, with their kind and their bytes."""
    store, now = Store(request.store), time.time()
    since = now - 86400 * request.keep_days
    known: dict[Path, Artefact] = {}
    kinds: dict[Path, str] = {}
    for kind in (*PRUNED_KINDS, *KINDS_WITHOUT_MANIFEST):
        whole, stray = store.below(kind)
        for path in whole:
            artefact = store.find(*path.relative_to(store.root).parts)
            if artefact is not None:  # else it has gone since it was listed
                known[path], kinds[path] = artefact, kind
        before = since if kind in KINDS_WITHOUT_MANIFEST else now - 86400 * HALF_WRITTEN_DAYS
        yield from (
            (path, "checkpoints" if kind in KINDS_WITHOUT_MANIFEST else "half-written", size)
            for path, written, size in stray
            if written < before
        )
    young = {path for path, artefact in known.items() if artefact.created >= since}
    roots = (
        references.referenced_generations(store)
        | references.referenced_candidates(store)
        | young
        | _newest(store, known)
    )
    kept = references.with_parents(store, known, roots)
    snapshots = store.path("snapshots")
    kept |= {
        store.path("quarantine") / path.relative_to(snapshots)
        for path in kept
        if path.is_relative_to(snapshots)
    }
    yield from (
        (path, kinds[path], sum(file["bytes"] for file in artefact.files.values()))
        for path, artefact in known.items()
        if path not in kept
    )


def _newest(store: Store, known: dict[Path, Artefact]) -> set[Path]:
    """Of each data set the snapshot of its last day that was made last: what the next training
    reads.
    """
    newest: dict[str, tuple[str, tuple[int, float], Path]] = {}
    for path, artefact in known.items():
        if path.is_relative_to(store.path("snapshots")):
            dataset, day = path.parts[-3:-1]
            newest[dataset] = max(
                newest.get(dataset, ("", (0, 0.0), path)), (day, artefact.order, path)
            )
    return {path for _, _, path in newest.values()}


def _told(request: PruneRequest, old: list[tuple[Path, str, int]]) -> dict:
    kinds: dict[str, dict] = {}
    for _, kind, size in old:
        one = kinds.setdefault(kind, {"places": 0, "bytes": 0})
        one["places"], one["bytes"] = one["places"] + 1, one["bytes"] + size
    told = {
        "places": len(old),
        "bytes": sum(one["bytes"] for one in kinds.values()),
        "kinds": dict(sorted(kinds.items())),
        "keep_days": request.keep_days,
    }
    log(
        "prune.found",
        places=told["places"],
        gigabytes=told["bytes"] / 1e9,
        keep_days=request.keep_days,
    )
    return told
