"""Going back: within a second, to what is whole, with a record of who and why."""

import json
import time

import pytest

from tasks.core.cli.errors import BadRequest, Conflict, Corrupt
from tasks.core.store.store import Store
from tasks.publish.audit import events
from tasks.publish.load.claims import read_pointer
from tests import generations
from tests.publish.planted import NAMES, dump, load_of, made


def test_rollback_restores_exactly_what_was_live_within_a_second(root, client):
    first, second = (
        generations.publish(root, made(root, 1)),
        generations.publish(root, made(root, 2)),
    )
    before = {key: value for key, value in dump(client).items() if first["id"].encode() in key}
    started = time.monotonic()
    pointer = generations.rollback(root)
    assert time.monotonic() - started < 1.0
    assert (pointer["generation"], pointer["previous"], pointer["version"], pointer["fence"]) == (
        first["id"],
        second["id"],
        "1",
        3,
    )
    assert {
        key: value for key, value in dump(client).items() if first["id"].encode() in key
    } == before
    assert read_pointer(client, NAMES)["generation"] == first["id"]
    assert [event.facts["event"] for event in events(Store(root), "item2vec")] == [
        "go_live",
        "go_live",
        "rollback",
    ]
    entry = json.loads(client.lindex(NAMES.audit, 0))
    assert abs(entry.pop("at") - time.time()) < 60
    assert entry == {
        "event": "rollback",
        "from": second["id"],
        "to": first["id"],
        "fence": 3,
        "by": "an engineer",
        "why": "it was worse",
    }


def test_a_publisher_that_began_before_a_rollback_does_not_undo_it(root, client):
    first, _, third = (
        generations.publish(root, made(root, 1)),
        generations.publish(root, made(root, 2)),
        made(root, 3),
    )
    generations.load(root, third)
    generations.rollback(root)
    with pytest.raises(Conflict, match="an engineer"):
        generations.switch(root, third)
    assert read_pointer(client, NAMES)["generation"] == first["id"]
    generations.load(root, third)  # on purpose, after the rollback
    assert generations.switch(root, third)["previous"] == first["id"]


def test_a_rollback_that_is_run_again_with_its_ticket_does_not_roll_forward(root, client):
    first, second = (
        generations.publish(root, made(root, 1)),
        generations.publish(root, made(root, 2)),
    )
    generations.rollback(root, ticket="run 1")
    assert generations.rollback(root, ticket="run 1")["generation"] == first["id"]
    assert generations.rollback(root, ticket="run 2")["generation"] == second["id"]


def test_rollback_refuses_what_is_not_whole(root, client):
    with pytest.raises(BadRequest, match="nothing of item2vec is live"):
        generations.rollback(root)
    first = generations.publish(root, made(root, 1))
    with pytest.raises(BadRequest, match="before the live one"):
        generations.rollback(root)
    second = generations.publish(root, made(root, 2))
    with pytest.raises(BadRequest, match="not kept"):
        generations.rollback(root, to="0" * 16)
    client.delete(NAMES.bucket(load_of(client, first), "users", 0))
    with pytest.raises(Corrupt, match="lost users"):
        generations.rollback(root)
    assert read_pointer(client, NAMES)["generation"] == second["id"]
