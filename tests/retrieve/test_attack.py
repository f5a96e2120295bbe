"""Whatever stands in Redis, a reader answers with what the publisher wrote or raises one of its
three errors, in little time and memory.
"""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from functools import partial

import numpy as np
import pytest
import redis

from tasks.core.cli.errors import BadRequest, Corrupt, Unreachable
from tasks.core.serving.redis_keys import FamilyKeys, bucket_of
from tasks.retrieve import Reader
from tests import generations
from tests.retrieve.planted import made

NAMES, PROMISED = FamilyKeys("item2vec"), (BadRequest, Corrupt, Unreachable)
ITEMS = 60
NUMBERS = {
    "nothing": b"",
    "three bytes": b"abc",
    "text": b"not at all what it was",
    "negative": np.array([-5, 1, 2], "<i4").tobytes(),
    "too large": np.array([1, 10**9], "<i4").tobytes(),
    "a count beyond": np.array([100, 1, 2], "<i4").tobytes(),
    "not finite": np.full(8, np.nan, "<f4").tobytes(),
    "infinite": np.full(8, np.inf, "<f4").tobytes(),
    "double": np.ones(16, "<f4").tobytes(),
    "half": np.ones(4, "<f4").tobytes(),
    "one more byte": np.ones(8, "<f4").tobytes() + b"x",
    "forty megabytes": np.concatenate([[3], np.arange(10**7) % ITEMS]).astype("<i4").tobytes(),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return (tmp_path_factory.mktemp("attack") / "store").as_uri()


@pytest.fixture(scope="module")
def generation(root):
    return made(root)


@pytest.fixture
def client(server, root, generation):
    """Of a server on which the generation was published anew."""
    generations.publish(root, generation)
    return redis.Redis.from_url(server.url)


def field(client, kind: str, user: str) -> tuple[str, str]:
    load = client.hget(NAMES.live, "load").decode()
    buckets = int(client.hget(NAMES.manifest(load), f"buckets.{kind}"))
    return NAMES.bucket(load, kind, bucket_of(user.encode(), buckets)), user


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("kind", ["users", "seen", "top"])
def test_a_users_value_that_nobody_published(server, root, client, kind, value):
    key, user = field(client, kind, "1")
    reader = Reader(server.url, root)
    before = reader.recommend("2")
    client.hset(key, user, NUMBERS[value])
    calls = {
        "users": lambda: reader.recommend("1"),
        "seen": lambda: reader.recommend("1"),
        "top": lambda: reader.precomputed("1"),
    }
    tracemalloc.start()
    began = time.monotonic()
    try:
        answer = calls[kind]()
        assert value == "nothing" and answer.source in ("popular", "user", "history", "precomputed")
    except PROMISED as error:
        assert type(error) is Corrupt and "publish" in str(error)
    taken, peak = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6 and taken < 10
    assert reader.recommend("2").hits == before.hits


@pytest.mark.parametrize(
    "name",
    [
        "schema",
        "load",
        "version",
        "generation",
        "family",
        "dimension",
        "dtype",
        "top_form",
        "store",
        "buckets.users",
        "buckets.seen",
        "buckets.items",
    ],
)
@pytest.mark.parametrize(
    "value",
    [None, b"", b"0", b"-1", b"\xff\xfe", b"9" * 5000, b"../../..", b"99", "²".encode()],
    ids=repr,
)
def test_a_manifest_that_nobody_published(server, root, client, name, value):
    key = NAMES.manifest(client.hget(NAMES.live, "load").decode())
    client.hdel(key, name) if value is None else client.hset(key, name, value)
    for store in (root, None):
        reader = Reader(server.url, store)
        for call in (
            partial(reader.recommend, "1"),
            partial(reader.similar, "5"),
            partial(reader.precomputed, "1"),
            reader.live,
            reader.generations,
        ):
            with contextlib.suppress(PROMISED):
                call()


@pytest.mark.parametrize(
    "fields",
    [
        {"load": b"\xff"},
        {"load": "elsewhere"},
        {"load": "x.1", "since": "soon"},
        {"load": "../x.1", "fence": "1e999"},
        {"since": "9" * 400},
    ],
    ids=repr,
)
def test_a_pointer_that_nobody_set(server, root, client, fields):
    client.delete(NAMES.live)
    client.hset(NAMES.live, mapping=fields)
    reader = Reader(server.url, root)
    with pytest.raises((BadRequest, Corrupt)):
        reader.recommend("1")
    assert reader.live()["item2vec"]["since"] is None


@pytest.mark.parametrize("key", [NAMES.live, "recall:families"])
def test_a_key_of_another_type(server, root, client, key):
    client.delete(key)
    client.set(key, "text")
    reader = Reader(server.url, root)
    for call in (lambda: reader.recommend("1"), reader.generations, lambda: reader.find("a")):
        with pytest.raises(PROMISED):
            call()
    if key == NAMES.live:
        assert reader.live() == {"item2vec": None}
    else:
        with pytest.raises(PROMISED):
            reader.live()


@pytest.mark.parametrize("broken", ["pointer", "manifest", "bucket"])
@pytest.mark.parametrize("already_held", [False, True])
def test_a_key_of_another_type_leaves_the_other_families_answering(
    server, root, client, broken, already_held
):
    second, names = made(root, 2, family="two_tower"), FamilyKeys("two_tower")
    generations.publish(root, second)
    reader = Reader(server.url, root)
    if already_held:
        assert set(reader.recommend("1").generations) == {"item2vec", "two_tower"}
    load = client.hget(names.live, "load").decode()
    buckets = int(client.hget(names.manifest(load), "buckets.users"))
    for key in {
        "pointer": [names.live],
        "manifest": [names.manifest(load)],
        "bucket": [names.bucket(load, "users", number) for number in range(buckets)],
    }[broken]:
        client.delete(key)
        client.set(key, "text")
    held = already_held and broken == "manifest"  # it is not read again while the pointer stays
    for found in (
        reader.recommend("1").generations,
        reader.similar("5").generations if broken != "bucket" else {"item2vec": ""},
        reader.generations() if broken != "bucket" else {"item2vec": ""},
    ):
        assert set(found) >= {"item2vec"} if held else set(found) == {"item2vec"}
    assert (
        reader.live()["item2vec"]
        and reader.find("Film")
        and (reader.live()["two_tower"] is None) == (broken == "pointer")
    )


def test_a_pointer_of_megabytes_costs_little(server, root, client):
    reader = Reader(server.url, root)
    assert reader.recommend("1").hits
    client.hset(NAMES.live, mapping={"load": b"x" * 8_000_000, "why": b"y" * 8_000_000})
    began = time.monotonic()
    for one in (reader, Reader(server.url, root)):
        try:
            one.recommend("1")
        except PROMISED as error:
            assert len(str(error)) < 5000
    assert time.monotonic() - began < 10 and len(str(reader.live())) < 10_000


@pytest.mark.parametrize("rows", [[-1] * 5, [0, 0, 1], [0, 10**8], [-(2**31)]], ids=str)
@pytest.mark.parametrize("form", ["rows", "int32"])
def test_a_precomputed_list_that_no_publisher_makes(server, root, client, rows, form):
    key, user = field(client, "top", "1")
    client.hset(NAMES.manifest(client.hget(NAMES.live, "load").decode()), "top_form", form)
    client.hset(key, user, np.array(rows, "<i4").tobytes())
    with pytest.raises(Corrupt, match="a precomputed list in Redis"):
        Reader(server.url, root).precomputed("1")
