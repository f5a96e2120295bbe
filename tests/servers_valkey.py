"""Fixtures: a real server of the Redis protocol, shared by the tests of a folder and emptied for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.valkeys import Valkey, valkey_server

__all__ = ["server", "shared_server", "valkey_server"]


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with valkey_server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def server(shared_server: Valkey, monkeypatch: pytest.MonkeyPatch) -> Valkey:
    """The shared server, emptied, named by RECALL_REDIS_URL."""
    import redis

    redis.Redis.from_url(shared_server.url).flushall()
    monkeypatch.setenv("RECALL_REDIS_URL", shared_server.url)
    return shared_server
