"""One Spark session for all tests of the stage; the verb uses the session that it finds running."""

from __future__ import annotations

import pytest

from tasks.core.request import parse
from tasks.ingest.settings import SnapshotRequest, Spark
from tests import worlds

NOW = 1_700_000_000


@pytest.fixture(scope="session")
def spark():
    from tasks.ingest.session import start

    session = start(Spark(shuffle_partitions=2), small=True)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def world():
    return worlds.grouped(users=120, items=60, groups=3, likes=12)


@pytest.fixture
def source(tmp_path, world):
    """The planted world in the official layout of MovieLens 100K."""
    return worlds.write_ml100k(tmp_path / "source", world)


@pytest.fixture
def ask(tmp_path, source):
    """Requests for the planted world; fields given replace the usual ones."""
    def make(**fields) -> SnapshotRequest:
        return parse(SnapshotRequest, {"store": (tmp_path / "store").as_uri(), "location": str(source), "day": worlds.DAY,
                                       "dataset": "planted"} | fields)
    return make


@pytest.fixture
def take(spark, ask):
    """Make a snapshot in this process and open it; returns the result and the snapshot."""
    from tasks.core.snapshot import Snapshot
    from tasks.core.store import Store
    from tasks.ingest.snapshot import snapshot

    def make(**fields):
        request = ask(**fields)
        result = snapshot(request, now=NOW)
        return result, Snapshot(Store(request.store).open(result["uri"], "snapshot"))
    return make


