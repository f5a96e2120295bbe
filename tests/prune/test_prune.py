"""What is needed stays, what is not goes, and nothing goes while nobody can say what is needed."""

from __future__ import annotations

import json
import os
import time

import pytest

from tasks.core.cli.errors import BadRequest, Unreachable
from tasks.core.registry import mlflow_client
from tasks.core.store.manifest import NAME
from tasks.core.store.store import Store
from tasks.prune import prune
from tasks.prune.prune import apply, plan
from tasks.prune.settings import PruneRequest
from tests.servers import free_port, mlflow_server
from tests.servers_s3 import s3_server
from tests.servers_valkey import server, shared_server  # noqa: F401

FAMILY = "planted"


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as uri:
        yield uri


class World:
    """A store of small folders whose ages and parents are known."""

    def __init__(self, root: str) -> None:
        self.store = Store(root)

    def make(self, kind: str, *parts: str, days: float = 100, parents: tuple[str, ...] = ()) -> str:
        """A folder made so many days ago; its URI."""
        with self.store.writing(kind, *parts) as draft:
            (draft.path / "data").write_bytes(b"x" * 1000)
            draft.lineage = {"parents": list(parents)}
        place = self.store.path(*parts) / NAME
        if self.store.mirror is None:
            place.write_text(
                json.dumps(json.loads(place.read_text()) | {"created": time.time() - 86400 * days})
            )
        return self.store.uri(*parts)

    def register(self, uri: str, alias: str | None, tagged: bool = True) -> None:
        id = uri.rsplit("/", 1)[-1]
        run = mlflow_client.find_or_start("recall", id, id, {})
        version = mlflow_client.register(FAMILY, run, id, uri, {})
        client, name = mlflow_client.client(), mlflow_client.model_name(FAMILY)
        client.delete_registered_model_alias(name, mlflow_client.CHALLENGER)
        if alias:
            client.set_registered_model_alias(name, alias, version)
        if not tagged:
            client.delete_model_version_tag(name, version, "recall.uri")

    def there(self) -> set[str]:
        return {
            str(path.parent.relative_to(self.store.root)) for path in self.store.root.rglob(NAME)
        }


@pytest.fixture
def world(tmp_path, mlflow_uri, server, monkeypatch) -> World:  # noqa: F811
    monkeypatch.setenv("RECALL_REDIS_URL", server.url)
    world, client = World((tmp_path / "store").as_uri()), mlflow_client.client()
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    first, second = (
        world.make("snapshot", "snapshots", "shop", day, "a1")
        for day in ("2026-01-01", "2026-01-02")
    )
    world.make("snapshot", "snapshots", "shop", "2026-01-03", "a1")
    for day in ("2026-01-01", "2026-01-02", "2026-01-03"):
        world.make("quarantine", "quarantine", "shop", day, "a1")
    graph = world.make("graph", "graphs", "shop", "g1", parents=(first,))
    champion = world.make("candidate", "candidates", FAMILY, "champion", parents=(graph,))
    world.register(champion, mlflow_client.CHAMPION)
    world.register(world.make("candidate", "candidates", FAMILY, "loser", parents=(second,)), None)
    world.make("candidate", "candidates", FAMILY, "young", days=3)
    served = world.make("candidate", "candidates", FAMILY, "served")
    index = world.make("index", "indexes", FAMILY, "i1", parents=(served,))
    world.make("index", "indexes", FAMILY, "i0", parents=(champion,))
    world.make("generation", "generations", FAMILY, "live", parents=(index,))
    world.make("generation", "generations", FAMILY, "gone", parents=(index,))
    for kind, places in {
        "delivery": ("deliveries", "shop"),
        "audit": ("audit", FAMILY),
        "verdict": ("verdicts", FAMILY),
    }.items():
        world.make(kind, *places, "old")
    import redis

    connection = redis.Redis.from_url(server.url)
    connection.sadd("recall:families", FAMILY)
    connection.hset(f"recall:{{{FAMILY}}}:loads", "live.1", json.dumps({"generation": "live"}))
    return world


NEEDED = {
    "snapshots/shop/2026-01-01/a1",
    "quarantine/shop/2026-01-01/a1",
    "graphs/shop/g1",
    "candidates/planted/champion",  # the champion's
    "snapshots/shop/2026-01-03/a1",
    "quarantine/shop/2026-01-03/a1",  # the newest
    "candidates/planted/young",
    "generations/planted/live",
    "indexes/planted/i1",
    "candidates/planted/served",  # young; live
    "deliveries/shop/old",
    "audit/planted/old",
    "verdicts/planted/old",
}  # never touched


def test_what_is_needed_stays_and_the_rest_goes(world):
    before, request = world.there(), PruneRequest(world.store.root.as_uri())
    planned = plan(request)
    assert world.there() == before, "a plan deletes nothing"
    assert planned["kinds"] == {
        kind: {"places": count, "bytes": planned["kinds"][kind]["bytes"]}
        for kind, count in {
            "candidates": 1,
            "generations": 1,
            "indexes": 1,
            "quarantine": 1,
            "snapshots": 1,
        }.items()
    }
    assert planned["places"] == 5 and planned["bytes"] == 5 * 1000
    assert apply(request) == planned and world.there() == NEEDED
    assert apply(request)["places"] == 0


def test_more_days_keep_more(world):
    before = world.there()
    assert (
        apply(PruneRequest(world.store.root.as_uri(), keep_days=101))["places"] == 0
        and world.there() == before
    )


def test_a_store_on_s3_is_pruned_in_the_bucket(tmp_path, monkeypatch, mlflow_uri, server):  # noqa: F811
    monkeypatch.setenv("RECALL_REDIS_URL", server.url)
    with s3_server(tmp_path) as running:
        running.put("models")
        monkeypatch.setenv("RECALL_SCRATCH", str(tmp_path / "scratch"))
        world = World("s3://models/recall")
        for day in ("2026-01-01", "2026-01-02"):
            world.make("snapshot", "snapshots", "shop", day, "a1")
        running.put("models/recall/candidates/planted/half/part", b"x")
        now = time.time()
        monkeypatch.setattr(prune.time, "time", lambda: now + 86400 * 50)
        pruned = apply(PruneRequest("s3://models/recall"))
        assert {kind: one["places"] for kind, one in pruned["kinds"].items()} == {
            "snapshots": 1,
            "half-written": 1,
        }
        monkeypatch.setenv("RECALL_SCRATCH", str(tmp_path / "another machine"))
        left = Store("s3://models/recall")
        assert (
            left.find("snapshots", "shop", "2026-01-01", "a1") is None
            and left.find("snapshots", "shop", "2026-01-02", "a1").id == "a1"
        )
        assert left.below("candidates") == ([], []) and left.below("snapshots")[1] == []


def test_what_a_killed_run_left_is_taken_up(world, tmp_path):
    half, stale, fresh = (
        world.store.root / "candidates" / FAMILY / name
        for name in (".half.1234", ".stale", ".fresh")
    )
    checkpoint = world.store.root / "checkpoints" / FAMILY / "c1"
    for folder in (half, stale, fresh, checkpoint):
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(b"x")
    for path in (half / "data", stale / "data", checkpoint / "data"):
        os.utime(path, (time.time() - 86400 * 100,) * 2)
    apply(PruneRequest(world.store.root.as_uri()))
    assert (fresh / "data").exists() and not any(
        (folder / "data").exists() for folder in (half, stale, checkpoint)
    )


@pytest.mark.parametrize(
    "variable, url",
    [
        ("RECALL_REDIS_URL", "redis://127.0.0.1:{port}/0"),
        ("MLFLOW_TRACKING_URI", "http://127.0.0.1:{port}"),
    ],
)
def test_nothing_goes_while_nobody_says_what_is_needed(world, monkeypatch, variable, url):
    monkeypatch.setenv(variable, url.format(port=free_port()))
    before = world.there()
    with pytest.raises(Unreachable):
        apply(PruneRequest(world.store.root.as_uri()))
    assert world.there() == before


def test_nothing_goes_while_an_alias_does_not_say_what_it_stands_for(world):
    world.register(
        world.store.path("candidates", FAMILY, "loser").as_uri(),
        mlflow_client.PREVIOUS,
        tagged=False,
    )
    before = world.there()
    with pytest.raises(BadRequest, match=r"previous.*recall.uri.*nothing is deleted"):
        apply(PruneRequest(world.store.root.as_uri()))
    assert world.there() == before
