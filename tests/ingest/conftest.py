"""One Spark session for all tests of the stage; the verb uses the session that it finds running."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.cli.request import parse
from tasks.core.spark.settings import Spark
from tasks.ingest.settings import SnapshotRequest
from tests import worlds

NOW = 1_700_000_000


@pytest.fixture(scope="session")
def spark():
    from tasks.core.spark.session import start

    session = start(Spark(shuffle_partitions=2), small=True)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def world():
    return worlds.grouped(users=120, items=60, groups=3, likes=12)


def make_snapshot(request: SnapshotRequest):
    """Make the snapshot in this process and open it; returns the result and the snapshot."""
    from tasks.core.data.snapshot import Snapshot
    from tasks.core.store.store import Store
    from tasks.ingest.snapshot import snapshot

    result = snapshot(request, now=NOW)
    return result, Snapshot(Store(request.store).open(result["uri"], "snapshot"))


def snapshot_request(folder: Path, source: Path, **fields) -> SnapshotRequest:
    """A request for the planted world; fields given replace the usual ones."""
    return parse(
        SnapshotRequest,
        {
            "store": (folder / "store").as_uri(),
            "location": str(source),
            "day": worlds.DAY,
            "dataset": "planted",
        }
        | fields,
    )


@pytest.fixture(scope="session")
def planted(spark, world, tmp_path_factory):
    """The planted world with the usual settings, made once: its request, the result and the
    snapshot. Only to be read.
    """
    folder = tmp_path_factory.mktemp("planted")
    request = snapshot_request(folder, worlds.write_ml100k(folder / "source", world))
    return request, *make_snapshot(request)


@pytest.fixture
def source(tmp_path, world):
    """The planted world in the official layout of MovieLens 100K."""
    return worlds.write_ml100k(tmp_path / "source", world)


@pytest.fixture
def ask(tmp_path, source):
    """Requests for the test's own copy of the planted world."""
    return lambda **fields: snapshot_request(tmp_path, source, **fields)


@pytest.fixture
def take(spark, ask):
    """The result and the snapshot of such a request."""
    return lambda **fields: make_snapshot(ask(**fields))


@pytest.fixture
def drop(tmp_path):
    """An empty folder, for files that are to land."""
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


@pytest.fixture
def put(drop):
    """Files into that folder: `put(a__csv=b"1")` makes a.csv."""

    def put(**files: bytes) -> None:
        for name, data in files.items():
            (drop / name.replace("__", ".")).write_bytes(data)

    return put
