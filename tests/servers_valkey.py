"""Fixtures: real servers of the Redis protocol, shared by the tests of a folder and emptied for
each.

`server` is one server; `anywhere` is in turn another one, one behind TLS whose users may do little,
and a cluster of three; `standing` is the same for tests that only read.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest
import redis

from tests.tls import tls_in_front_of
from tests.valkeys import Valkey, valkey_cluster, valkey_server

KINDS = ("one server", "TLS and users", "a cluster")
PUBLISHER = [
    "on",
    ">publisher-secret",
    "~recall:*",
    "-@all",
    "+@connection",
    "+@read",
    "+@write",
    "+eval",
    "-@dangerous",
    "-scan",
    "-randomkey",
    "-dbsize",
    "+info",
    "+memory|usage",
]
READER = [
    "on",
    ">reader-secret",
    "%R~recall:*",
    "-@all",
    "+@connection",
    "+@read",
    "-@dangerous",
    "-scan",
    "-randomkey",
    "-dbsize",
]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a test publishes and reads.

    Attributes:
        kind: which of `KINDS`.
        url, reader_url: of a publisher, of a reader.
        nodes: the servers behind.
    """

    kind: str
    url: str
    reader_url: str
    nodes: tuple[Valkey, ...]

    def client(self) -> redis.Redis | redis.RedisCluster:
        """A client that may do anything, for the test itself."""
        return (
            redis.Redis.from_url(self.nodes[0].url)
            if len(self.nodes) == 1
            else redis.RedisCluster.from_url(self.nodes[0].url)
        )

    def calls(self, command: str) -> int:
        """How often this command was sent to the servers."""
        statistics = [redis.Redis.from_url(node.url).info("commandstats") for node in self.nodes]
        return sum(one.get(f"cmdstat_{command}", {}).get("calls", 0) for one in statistics)


def keys(client: redis.Redis | redis.RedisCluster, pattern: str = "*") -> list[bytes]:
    """Every key, of all nodes; a test may scan, the product never does."""
    nodes = (
        [client.get_redis_connection(node) for node in client.get_primaries()]
        if isinstance(client, redis.RedisCluster)
        else [client]
    )
    return [key for node in nodes for key in node.keys(pattern)]


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with valkey_server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """From the name of a place to the place, started when it is asked for."""
    started: dict[str, Place] = {}
    with contextlib.ExitStack() as stack:

        def place(name: str) -> Place:
            if name not in started:
                started[name] = stack.enter_context(
                    dict(zip(KINDS, (_plain, _tls, _cluster)))[name](
                        tmp_path_factory.mktemp(name.split()[-1])
                    )
                )
            return started[name]

        yield place


@contextlib.contextmanager
def _plain(folder) -> Iterator[Place]:
    with valkey_server(folder) as running:
        yield Place(KINDS[0], running.url, running.url, (running,))


@contextlib.contextmanager
def _tls(folder) -> Iterator[Place]:
    with (
        valkey_server(folder) as running,
        tls_in_front_of(running.port, folder) as (port, authority),
    ):
        admin = redis.Redis.from_url(running.url)
        admin.execute_command("ACL", "SETUSER", "publisher", *PUBLISHER)
        admin.execute_command("ACL", "SETUSER", "reader", *READER)
        urls = (
            f"rediss://{user}:{user}-secret@127.0.0.1:{port}/0?ssl_ca_certs={authority}"
            for user in ("publisher", "reader")
        )
        yield Place(KINDS[1], *urls, (running,))


@contextlib.contextmanager
def _cluster(folder) -> Iterator[Place]:
    with valkey_cluster(folder) as nodes:
        url = f"{nodes[-1].url}?cluster=true"
        yield Place(KINDS[2], url, url, tuple(nodes))


@pytest.fixture
def server(shared_server: Valkey, monkeypatch: pytest.MonkeyPatch) -> Valkey:
    """The shared server, emptied, named by RECALL_REDIS_URL."""
    redis.Redis.from_url(shared_server.url).flushall()
    monkeypatch.setenv("RECALL_REDIS_URL", shared_server.url)
    return shared_server


def emptied(place: Place) -> Place:
    """The place, with nothing in it."""
    for node in place.nodes:
        redis.Redis.from_url(node.url).flushall()
    return place


@pytest.fixture(params=KINDS)
def anywhere(request: pytest.FixtureRequest, places, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Each place in turn, emptied, named by RECALL_REDIS_URL."""
    place = emptied(places(request.param))
    monkeypatch.setenv("RECALL_REDIS_URL", place.url)
    return place


@pytest.fixture(scope="module", params=KINDS)
def standing(request: pytest.FixtureRequest, places) -> Iterator[Place]:
    """The same, emptied once for all tests of a module, which only read."""
    place = emptied(places(request.param))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECALL_REDIS_URL", place.url)
        yield place
