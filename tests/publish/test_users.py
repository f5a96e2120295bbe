"""The users that the deployment's server knows: each may do its own work, and nothing of the
others'.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest
import redis

from infra.local.services import listens, valkey
from tasks.publish.load.memory_check import is_compact
from tasks.retrieve import Reader
from tests import generations
from tests.publish.planted import NAMES, WORLD, made
from tests.servers import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "infra" / "compose" / "valkey.sh"
USERS = ("publisher", "reader", "broker")


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    """From a user to the URL of the server, which was started by the deployment's own script."""
    folder, port = tmp_path_factory.mktemp("users"), free_port()
    digests = {
        f"REDIS_{user.upper()}_SHA256": hashlib.sha256(f"{user}-secret".encode()).hexdigest()
        for user in USERS
    }
    process = subprocess.Popen(
        ["sh", str(SCRIPT), str(folder), str(port)],
        stdout=subprocess.DEVNULL,
        env={
            **os.environ,
            **digests,
            "USERS_FILE": str(folder / "users.acl"),
            "VALKEY_SERVER": str(valkey()),
            "BIND": "127.0.0.1",
        },
    )
    try:
        while not listens(port):
            assert process.poll() is None
            time.sleep(0.05)
        yield lambda user: f"redis://{user}:{user}-secret@127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def root(users, tmp_path_factory):
    """A store of which something is live, put there by the publisher: loaded, verified, switched,
    swept, rolled back.
    """
    os.environ["RECALL_REDIS_URL"] = users("publisher")
    store = tmp_path_factory.mktemp("store").as_uri()
    generations.publish(store, made(store, 1))
    generations.publish(store, made(store, 2))
    generations.sweep(store)
    generations.rollback(store)
    return store


def refused(client: redis.Redis, *command: object) -> bool:
    try:
        client.execute_command(*command)
    except redis.exceptions.NoPermissionError:
        return True
    except redis.exceptions.ResponseError as error:
        return "permission" in str(error) or "ACL" in str(error)
    return False


def test_the_reader_reads_and_cannot_write(users, root):
    answer = Reader(users("reader"), root).recommend(user=WORLD.user_id(0), k=5)
    assert len(answer.hits) == 5 and answer.source == "user"
    client = redis.Redis.from_url(users("reader"))
    for command in (
        ("SET", "recall:x", 1),
        ("HSET", NAMES.live, "load", "x"),
        ("DEL", NAMES.live),
        ("EXPIRE", NAMES.live, 1),
        ("EVAL", "return 1", 0),
        ("PUBLISH", "c", "m"),
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("GET", "celery:default"),
        ("SHUTDOWN",),
        ("REPLICAOF", "a", 1),
        ("RENAME", NAMES.live, "recall:y"),
        ("SCAN", 0),
        ("RANDOMKEY",),
        ("DBSIZE",),
        ("COPY", NAMES.live, "recall:z"),
        ("MIGRATE", "a", 1, "k", 0, 1),
    ):
        assert refused(client, *command), command


def test_the_publisher_keeps_to_its_own_keys(users, root):
    client = redis.Redis.from_url(users("publisher"))
    for command in (
        ("SET", "celery:x", 1),
        ("SET", "other", 1),
        ("GET", "celery:default"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("KEYS", "*"),
        ("CONFIG", "SET", "maxmemory", 1),
        ("CONFIG", "GET", "requirepass"),
        ("CONFIG", "GET", "hash-*"),
        ("SCAN", 0),
        ("RANDOMKEY",),
        ("DBSIZE",),
        ("ACL", "SETUSER", "x"),
        ("PUBLISH", "c", "m"),
        ("SUBSCRIBE", "c"),
        ("EVAL", "return redis.call('SET', 'other', 1)", 0),
        ("SHUTDOWN",),
        ("SAVE",),
    ):
        assert refused(client, *command), command


def test_the_broker_knows_nothing_of_recall(users, root):
    client = redis.Redis.from_url(users("broker"))
    assert client.lpush("celery:default", "task") and client.rpop("celery:default") == b"task"
    for command in (
        ("GET", NAMES.fence),
        ("HGETALL", NAMES.live),
        ("DEL", NAMES.live),
        ("SET", "recall:x", 1),
        ("EVAL", "return redis.call('DEL', KEYS[1])", 1, NAMES.live),
        ("EVAL", f"return redis.call('DEL', '{NAMES.live}')", 0),
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("SCAN", 0),
        ("CONFIG", "GET", "*"),
        ("SHUTDOWN",),
    ):
        assert refused(client, *command), command


def test_nobody_comes_in_without_a_password(users):
    where = users("reader").partition("@")[2]
    for who in ("", "reader:wrong@", "default:@", ":x@", "publisher:reader-secret@"):
        with pytest.raises(redis.exceptions.RedisError):
            redis.Redis.from_url(f"redis://{who}{where}").ping()


def test_the_server_knows_digests_alone(users, tmp_path_factory):
    kept = "".join(
        path.read_text(errors="replace")
        for path in tmp_path_factory.getbasetemp().rglob("users.acl")
    )
    assert "sha256" not in kept and kept.count("#") == len(USERS) and "secret" not in kept


def test_the_publisher_learns_how_the_server_stores_by_trying(users, root):
    client = redis.Redis.from_url(users("publisher"))
    before = client.info("keyspace")
    assert (
        is_compact(client, 100, 1024)
        and not is_compact(client, 100, 1025)
        and not is_compact(client, 5000, 10)
    )
    assert client.info("keyspace") == before, "nothing is left of it"
