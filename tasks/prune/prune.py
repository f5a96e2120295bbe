"""Verbs `plan` and `apply`: mark what is needed, sweep the rest.

What is the source or the record is never touched: deliveries, corrections, audit, verdicts. All else can be made again, and is looked at:
it stays when it is young, when it is a data set's newest snapshot, or when something needed was made from it. A folder loses its manifest
first, so that a killed run leaves nothing that looks whole.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tasks.core.log import Progress, log
from tasks.core.manifest import NAME, read
from tasks.core.store import Store
from tasks.prune import needed
from tasks.prune.settings import PruneRequest

SWEPT = ("snapshots", "quarantine", "refused", "graphs", "walks", "vectors", "candidates", "evaluations", "yardsticks", "indexes", "generations")
UNMARKED = ("checkpoints",)  # folders without a manifest: of trainings that were given up
HALF_WRITTEN_DAYS = 2.0  # no stage writes so long at one folder


def plan(request: PruneRequest) -> dict:
    """{folders, bytes, kinds: {kind: {folders, bytes}}, keep_days}: what `apply` would delete."""
    return _told(request, list(_old(request)))


def apply(request: PruneRequest) -> dict:
    """Delete it; the result is that of `plan`."""
    old = list(_old(request))
    told, progress = _told(request, old), Progress("prune.deleting", max(len(old), 1), "folders")
    for folder, _ in old:
        (folder / NAME).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        progress.add(1)
    log("prune.done", folders=told["folders"], gigabytes=told["bytes"] / 1e9)
    return told


def _old(request: PruneRequest) -> Iterator[tuple[Path, str]]:
    """Folders that may go, with their kind."""
    store, now = Store(request.store), time.time()
    since = now - 86400 * request.keep_days
    known = {path: kind for kind in SWEPT for path in _complete(store, kind)}
    young = {path for path in known if read(path).created >= since}
    roots = needed.generations(store) | needed.candidates() | young | _newest(store)
    kept = needed.with_parents(roots)
    kept |= {store.root / "quarantine" / path.relative_to(store.root / "snapshots") for path in kept if path.is_relative_to(store.root / "snapshots")}
    yield from ((path, kind) for path, kind in known.items() if path not in kept)
    for kind in UNMARKED:
        yield from ((path, kind) for path in _leaves(store.root / kind) if _touched(path) < since)
    for kind in SWEPT:
        for path in (store.root / kind).rglob(".*"):
            if path.is_dir() and path.stat().st_mtime < now - 86400 * HALF_WRITTEN_DAYS:
                yield path, "half-written"


def _complete(store: Store, kind: str) -> list[Path]:
    place = store.root / kind
    return [path.parent for path in sorted(place.rglob(NAME)) if not any(part.startswith(".") for part in path.relative_to(place).parts)]


def _newest(store: Store) -> set[Path]:
    """Of each data set the snapshot of its last day that was made last: what the next training reads."""
    newest: dict[str, tuple[str, float, Path]] = {}
    for path in _complete(store, "snapshots"):
        dataset, day = path.parts[-3:-1]
        newest[dataset] = max(newest.get(dataset, ("", 0.0, path)), (day, read(path).created, path))
    return {path for _, _, path in newest.values()}


def _leaves(place: Path) -> list[Path]:
    """The folders below a place that hold files."""
    return sorted({path.parent for path in place.rglob("*") if path.is_file()})


def _touched(folder: Path) -> float:
    return max((path.stat().st_mtime for path in folder.iterdir()), default=0.0)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _told(request: PruneRequest, old: list[tuple[Path, str]]) -> dict:
    folders, sizes = Counter(kind for _, kind in old), Counter()
    for path, kind in old:
        sizes[kind] += _bytes(path)
    log("prune.found", folders=len(old), gigabytes=sum(sizes.values()) / 1e9, keep_days=request.keep_days)
    return {"folders": len(old), "bytes": sum(sizes.values()), "kinds": {kind: {"folders": folders[kind], "bytes": sizes[kind]} for kind in sorted(folders)},
            "keep_days": request.keep_days}
