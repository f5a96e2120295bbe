"""The verb `snapshot`: one day of one source, from files to a folder of the store."""

from __future__ import annotations

import dataclasses
import time

from tasks.core.errors import BadRequest
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.manifest import Artefact
from tasks.core.store import Store
from tasks.ingest import batch, sources
from tasks.ingest.examine import examine
from tasks.ingest.fingerprint import Fingerprint, fingerprint
from tasks.ingest.session import session
from tasks.ingest.settings import SnapshotRequest
from tasks.ingest.sources import Source

NOT_CONTENT = ("store", "location", "spark")


def snapshot(request: SnapshotRequest, now: int | None = None) -> dict:
    """Make the snapshot, or find it made.

    Args:
        now: seconds since 1970; rows from then on are `in_future`. It is not part of the id: a day that has ended has
            none of them, so that making it again later gives the same snapshot.

    Raises:
        BadRequest, RefusedData: nothing was written.
    """
    source = sources.describe(request.format, request.location)
    _check_order(request, source)
    shapes, suite = examine(source), batch.load(request.expectations)
    files = {name: fingerprint(source.folder / name) for name in source.files}
    id = snapshot_id(request, files, suite)
    store = Store(request.store)
    if found := store.find("snapshots", request.dataset, request.day, id):
        log("ingest.found", id=id)
        return answer(found)
    batch.preload()
    with session(request.spark, sum(one.bytes for one in files.values())) as spark:
        from tasks.ingest.making import Making

        making = Making(spark, store, request, source, shapes, files, suite, now=int(time.time()) if now is None else now)
        return answer(making.make(id))


def snapshot_id(request: SnapshotRequest, files: dict[str, Fingerprint], suite: dict) -> str:
    """What the snapshot is made of; see `fingerprint` for why no cluster can change it."""
    return identity(files={name: one.sha256 for name, one in files.items()}, settings=settings_of(request), suite=suite,
                    code=code_version("ingest"))


def settings_of(request: SnapshotRequest) -> dict:
    """The settings that decide what the snapshot holds."""
    return {name: value for name, value in dataclasses.asdict(request).items() if name not in NOT_CONTENT}


def _check_order(request: SnapshotRequest, source: Source) -> None:
    split = request.split
    if split.order == "given" and not source.ordered:
        raise BadRequest(f"split.order: {request.format} gives no order", got="'given'", allowed="'time' or 'file'")
    if split.order == "time" and not source.timed:
        raise BadRequest(f"split.order: not every row of {request.format} has a timestamp", got="'time'",
                         allowed="'given' or 'file'")


def answer(made: Artefact) -> dict:
    """The verb's result, told from the manifest alone."""
    facts = made.facts
    return {"uri": made.uri, "id": made.id, "dataset": facts["dataset"], "day": facts["day"], **facts["accounts"],
            **{name: made.counts[name] for name in ("users", "items", "interactions")}, "parts": facts["parts"],
            "reasons": facts["reasons"], "report": (made.path / "report.html").as_uri(), "warnings": facts["warnings"], "quarantine": facts["quarantine"]}
