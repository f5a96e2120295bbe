"""Verbs `plan` and `apply`: mark the artefacts that are needed, delete the rest.

Sources and records (deliveries, corrections, audit, verdicts) are never deleted. Every other
artefact can be made again; it is kept when it is young, when it is the newest snapshot of a data
set, when Redis or the registry refers to it, or when a kept artefact was made from it. The manifest
of a folder is deleted first, so that a killed run leaves no folder that looks complete.
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
    "neighbours",
    "indexes",
    "generations",
)
KINDS_WITHOUT_MANIFEST = ("checkpoints",)  # of trainings that were given up
HALF_WRITTEN_DAYS = 2.0  # no stage writes to one folder for so long, local or on S3


def plan(request: PruneRequest) -> dict:
    """The folders that `apply` would delete.

    Returns:
        places (number of folders), bytes, kinds (kind → places, bytes), keep_days.
    """
    return _summary(request, list(_list_unneeded(request)))


def apply(request: PruneRequest) -> dict:
    """Delete the folders that `plan` names; the result is that of `plan`."""
    store, unneeded = Store(request.store), list(_list_unneeded(request))
    summary = _summary(request, unneeded)
    progress = Progress("deleting", max(len(unneeded), 1), "places")
    for path, _, _ in unneeded:
        store.remove(path)
        progress.add(1)
    log("prune.done", places=summary["places"], gigabytes=summary["bytes"] / 1e9)
    return summary


def _list_unneeded(request: PruneRequest) -> Iterator[tuple[Path, str, int]]:
    """(path, kind, bytes) of the folders and files to delete."""
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
    """The newest snapshot of the last day of each data set, which the next training reads."""
    newest: dict[str, tuple[str, tuple[int, float], Path]] = {}
    for path, artefact in known.items():
        if path.is_relative_to(store.path("snapshots")):
            dataset, day = path.parts[-3:-1]
            newest[dataset] = max(
                newest.get(dataset, ("", (0, 0.0), path)), (day, artefact.order, path)
            )
    return {path for _, _, path in newest.values()}


def _summary(request: PruneRequest, unneeded: list[tuple[Path, str, int]]) -> dict:
    kinds: dict[str, dict] = {}
    for _, kind, size in unneeded:
        totals = kinds.setdefault(kind, {"places": 0, "bytes": 0})
        totals["places"] += 1
        totals["bytes"] += size
    size_in_all = sum(size for _, _, size in unneeded)
    summary = {
        "places": len(unneeded),
        "bytes": size_in_all,
        "kinds": dict(sorted(kinds.items())),
        "keep_days": request.keep_days,
    }
    log(
        "prune.found",
        places=len(unneeded),
        gigabytes=size_in_all / 1e9,
        keep_days=request.keep_days,
    )
    return summary
