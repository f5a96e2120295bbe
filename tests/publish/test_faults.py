"""Crashes, wrong passwords, full and dying servers: an exit code, a remedy, and what is live
stays.
"""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import redis

from tasks.core.cli.errors import BadRequest, Corrupt, Unreachable
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.core.store.store import Store
from tasks.publish.load.claims import read_pointer, whole_load
from tasks.publish.load.load import load
from tasks.publish.settings import LoadRequest
from tests import generations, worlds
from tests.valkeys import valkey_server

NAMES = FamilyKeys("item2vec")
SMALL = worlds.grouped()
LARGE = worlds.grouped(users=4000, items=6000, groups=3, likes=3)


@pytest.fixture
def root(tmp_path):
    return (tmp_path / "store").as_uri()


def started(root, made, *, slow=True):
    """A loader as a task would start it, with small batches so that it can be caught in the
    middle.
    """
    request = {
        "store": root,
        "generation": made["uri"],
        **({"bucket_fields": 7, "batch_fields": 7} if slow else {}),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tasks.publish", "load", json.dumps(request)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )


def in_the_middle(client, process, floor):
    """Wait until the loader has written some keys, not all."""
    until = time.monotonic() + 30
    while client.dbsize() < floor + 200:
        assert process.poll() is None and time.monotonic() < until, (
            "the loader ended before it could be caught"
        )
        time.sleep(0.005)


def test_a_killed_loader_leaves_nothing_once_the_next_publication_is_done(root, server):
    client = redis.Redis.from_url(server.url)
    first = generations.publish(
        root, generations.generation(root, SMALL, id="c1", day="1998-04-11")
    )
    crashed = generations.generation(root, LARGE, id="c2", day="1998-04-12")
    clean = client.dbsize()
    process = started(root, crashed)
    in_the_middle(client, process, clean)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert clean + 200 <= client.dbsize() < clean + 2500 and not whole_load(
        client, NAMES, crashed["id"]
    )
    assert read_pointer(client, NAMES)["generation"] == first["id"]
    left = client.keys(f"recall:item2vec:{crashed['id']}.*")
    assert (
        len(left) >= 200 and sum(not 0 < client.ttl(key) <= 24 * 3600 for key in left) <= 1
    )  # the one it was killed at, between two commands

    second = generations.publish(
        root, generations.generation(root, SMALL, id="c3", day="1998-04-13", seed=3)
    )
    assert generations.sweep(root)["deleted_generations"] == [crashed["id"]]
    assert client.dbsize() == clean + 8  # the second generation's own keys
    assert read_pointer(client, NAMES)["generation"] == second["id"]


def test_a_killed_load_is_done_by_calling_it_again(root, server):
    client = redis.Redis.from_url(server.url)
    made = generations.generation(root, LARGE)
    generations.load(root, made)
    whole = client.dbsize()
    client.flushall()
    process = started(root, made)  # with other buckets than the next try will use
    in_the_middle(client, process, 0)
    process.kill()
    process.wait()
    generations.load(root, made)
    assert client.dbsize() == whole


def test_a_server_that_dies_half_way_is_an_exit_code_that_is_retried(root, tmp_path, monkeypatch):
    made = generations.generation(root, LARGE)
    with valkey_server(tmp_path / "mortal") as mortal:
        monkeypatch.setenv("RECALL_REDIS_URL", mortal.url)
        process = started(root, made)
        in_the_middle(redis.Redis.from_url(mortal.url), process, 0)
        mortal.kill()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (10, ""), err
    assert "does not answer" in err and "remedy" in err and mortal.password not in err


def test_a_wrong_password_is_told_without_the_password(root, server, monkeypatch):
    made = generations.generation(root, SMALL)
    monkeypatch.setenv("RECALL_REDIS_URL", server.url.replace(server.password, "hunter2"))
    process = started(root, made)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert "refused the user or the password" in err and "RECALL_REDIS_URL" in err
    assert "hunter2" not in err and server.password not in err


def test_an_unreachable_server_and_a_missing_url_are_told_apart(root, monkeypatch):
    made = generations.generation(root, SMALL)
    monkeypatch.setenv("RECALL_REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
    with pytest.raises(Unreachable, match=r"127.0.0.1:1/0 does not answer") as refusal:
        load(LoadRequest(store=root, generation=made["uri"]))
    assert "hunter2" not in str(refusal.value)
    monkeypatch.delenv("RECALL_REDIS_URL")
    with pytest.raises(BadRequest, match="no Redis server is named"):
        load(LoadRequest(store=root, generation=made["uri"]))


def test_a_server_without_room_is_refused_before_the_first_key(root, server):
    client = redis.Redis.from_url(server.url)
    first = generations.publish(root, generations.generation(root, SMALL, id="c1"))
    large, keys = generations.generation(root, LARGE, id="c2"), client.dbsize()
    try:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 500_000)
        with pytest.raises(BadRequest, match=r"needs about \d+\.\d MiB.*raise maxmemory to"):
            load(LoadRequest(store=root, generation=large["uri"]))
        assert client.dbsize() == keys and read_pointer(client, NAMES)["generation"] == first["id"]
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(BadRequest, match="evicts any key"):
            load(LoadRequest(store=root, generation=large["uri"]))
    finally:
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")


def test_a_server_that_fills_up_while_loading_keeps_what_is_live(root, server, monkeypatch):
    client = redis.Redis.from_url(server.url)
    first = generations.publish(root, generations.generation(root, SMALL, id="c1"))
    large = generations.generation(root, LARGE, id="c2")
    monkeypatch.setattr(
        "tasks.publish.load.load.check_memory",
        lambda *arguments: client.config_set(
            "maxmemory", client.info("memory")["used_memory"] + 300_000
        ),
    )
    try:
        with pytest.raises(Unreachable, match="is full"):
            load(LoadRequest(store=root, generation=large["uri"]))
        assert read_pointer(client, NAMES)["generation"] == first["id"]
    finally:
        client.config_set("maxmemory", 0)


def test_a_read_only_replica_is_refused(root, server):
    client = redis.Redis.from_url(server.url)
    made = generations.generation(root, SMALL)
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        with pytest.raises(Unreachable, match="read-only"):
            load(LoadRequest(store=root, generation=made["uri"]))
    finally:
        client.execute_command("REPLICAOF", "NO", "ONE")


def test_an_altered_file_is_not_loaded(root, server):
    made = generations.generation(root, SMALL)
    path = Store(root).open(made["uri"], "generation").path / "vectors.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(Corrupt, match=r"vectors.npy"):
        load(LoadRequest(store=root, generation=made["uri"]))
    assert redis.Redis.from_url(server.url).dbsize() == 0
