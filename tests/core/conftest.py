"""A tracking server and a planted snapshot that the tests of a module share."""

from __future__ import annotations

import pytest

from tasks.core.data.snapshot import Snapshot
from tasks.core.store.store import Store
from tests import worlds
from tests.servers import mlflow_server


@pytest.fixture(scope="module")
def mlflow_uri(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as uri:
        yield uri


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store").as_uri())
    snapshot = Snapshot(store.open(worlds.snapshot(store, worlds.grouped()), "snapshot"))
    return store, snapshot
