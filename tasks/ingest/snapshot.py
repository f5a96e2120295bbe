"""The verb `snapshot`: one day of one source, from files to a folder of the store."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from tasks.core.cli.errors import BadRequest, NothingToDo
from tasks.core.cli.log import log, say
from tasks.core.spark.session import session
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.ingest import sources
from tasks.ingest.assess import batch
from tasks.ingest.parse.history import Fetched, History
from tasks.ingest.rules import Split
from tasks.ingest.settings import SnapshotRequest, recommend_seen
from tasks.ingest.sources import Source

NOT_CONTENT = ("store", "location", "spark", "limits", "repaired", "waits")
SCRATCH = ".scratch"
SCRATCH_SECONDS = 2 * 86_400  # seconds after which what a killed run has unpacked is removed


def snapshot(request: SnapshotRequest, now: int | None = None) -> dict:
    """Make the snapshot, or find it made.

    Args:
        now: seconds since 1970; rows from then on are `in_future`. It is not part of the id: a day
            that has ended has none of them, so that making it again later gives the same snapshot.

    Raises:
        BadRequest, RefusedData: nothing was written but, for a refused batch, its report.
        NothingToDo: the request waits for its day, and a later one has been made.
    """
    source = sources.describe(request.format, request.location)
    request = _with_known_order(request, source)
    suite, store = batch.load(request.expectations), Store(request.store)
    if request.waits:
        _not_overtaken(store, request)
    with scratch(store) as folder:
        say("step 1 of 4: looking at what was delivered, starting Spark")
        fetched = History(store, request, source, folder).fetch()
        id = snapshot_id(request, source, fetched, suite)
        if found := store.find("snapshots", request.dataset, request.day, id):
            log("ingest.found", id=id)
            return answer(found)
        batch.preload()
        with session(request.spark, fetched.bytes) as spark:
            from tasks.ingest.pipeline import SnapshotPipeline

            pipeline = SnapshotPipeline(
                spark,
                store,
                request,
                source,
                fetched,
                suite,
                settings_of(request),
                int(time.time()) if now is None else now,
            )
            return answer(pipeline.run(id))


def _not_overtaken(store: Store, request: SnapshotRequest) -> None:
    """A model of a day that came late must not follow that of a later day; the next day takes in
    what came late.

    Raises:
        NothingToDo: a later day has been made.
    """
    later = [
        day
        for day in store.names("snapshots", request.dataset)
        if day > request.day and store.newest("snapshots", request.dataset, day)
    ]
    if later:
        raise NothingToDo(
            f"{request.day} was waited for until {min(later)} had been made: the next day "
            f"takes in what comes late"
        )


def snapshot_id(request: SnapshotRequest, source: Source, fetched: Fetched, suite: dict) -> str:
    """The id of a snapshot: a digest of its files, settings and code.

    Nothing that Spark computes is part of it, so it does not depend on the number of cores, blocks,
    partitions or machines, and a repeated run knows before Spark starts that its work is done.
    """
    deliveries = {
        name: [[one.name, one.id] for one in ones] for name, ones in fetched.deliveries.items()
    }
    return identity(
        deliveries=deliveries,
        settings=settings_of(request),
        liked=request.liked or source.liked,
        suite=suite,
        recommend_seen=recommend_seen(request, source),
        code=code_version("tasks.ingest.snapshot"),
    )


def settings_of(request: SnapshotRequest) -> dict:
    """The settings that decide what the snapshot holds."""
    return {
        name: value
        for name, value in dataclasses.asdict(request).items()
        if name not in NOT_CONTENT
    }


@contextlib.contextmanager
def scratch(store: Store) -> Iterator[Path]:
    """A folder for what is unpacked, where a cluster's machines see it too; gone with the block."""
    whole = store.root / SCRATCH
    for old in whole.iterdir() if whole.is_dir() else ():
        if time.time() - old.stat().st_mtime > SCRATCH_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    folder = whole / uuid.uuid4().hex
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(
            OSError
        ):  # another run is at work there, or there was nothing to unpack
            whole.rmdir()


def _with_known_order(request: SnapshotRequest, source: Source) -> SnapshotRequest:
    """The request with an order of rows that the source has.

    Raises:
        BadRequest: what it asks for needs an order or times that the source lacks.
    """
    split = dataclasses.replace(request.split, order=request.split.order or source.order)
    if split.order == "given" and not source.ordered:
        raise BadRequest(
            f"split.order: {request.format} gives no order",
            got="'given'",
            allowed="'time' or 'file'",
        )
    if split.order == "time" and not source.timed:
        raise BadRequest(
            f"split.order: not every row of {request.format} has a timestamp",
            got="'time'",
            allowed="'given' or 'file', or none" if source.ordered else "'file' or none",
        )
    if not source.timed and (
        request.sessions.gap_minutes or request.bots.rows_a_day or request.bots.rows_a_minute
    ):
        raise BadRequest(
            f"sessions and bots need timestamps, and not every row of {request.format} has one",
            got=f"{request.sessions}, {request.bots}",
            allowed="0, which switches them off",
        )
    return dataclasses.replace(request, split=split)


def answer(made: Artefact) -> dict:
    """The verb's result, from the manifest alone."""
    facts = made.facts
    return {
        "uri": made.uri,
        "id": made.id,
        "dataset": facts["dataset"],
        "day": facts["day"],
        **facts["accounts"],
        **{name: made.counts[name] for name in ("users", "items", "interactions")},
        "parts": facts["parts"],
        "split": f"{Split(**facts['split'])}, because {facts['decided']['split']['because']}",
        "recommend_seen": facts["recommend_seen"],
        "recommend_seen_because": facts["recommend_seen_because"],
        "delivered": facts["delivered"],
        "reasons": facts["reasons"],
        "bots": facts["bots"],
        "warnings": facts["warnings"],
        "days_left_out": facts.get("days_left_out", []),
        "notes": facts.get("notes", []),
        "quarantine": facts["quarantine"],
        "report": f"{made.uri}/report.html",
    }
