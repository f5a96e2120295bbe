"""Sweeping: what nobody can need goes, by its own list of keys; nothing else."""

import time
from types import SimpleNamespace

import pytest

from tasks.core.store.store import Store
from tasks.publish.audit import events
from tasks.publish.load import load as loading
from tasks.publish.load.claims import load_entries
from tasks.publish.settings import LoadRequest
from tests import generations
from tests.publish.planted import NAMES, made
from tests.servers_valkey import keys


def test_sweep_keeps_the_live_one_the_one_before_and_what_is_on_its_way(root, client):
    first, second, third, fourth = (made(root, number) for number in (1, 2, 3, 4))
    for generation in (first, second, third):
        generations.publish(root, generation)
    swept = generations.sweep(root)
    assert swept["deleted_generations"] == [first["id"]] and swept["deleted_keys"] == 7
    assert not [key for key in keys(client) if first["id"].encode() in key]
    generations.load(root, fourth)
    assert generations.sweep(root)["kept"] == {
        second["id"]: "previous",
        third["id"]: "live",
        fourth["id"]: "on its way",
    }
    generations.switch(root, fourth)
    assert generations.sweep(root)["deleted_generations"] == [second["id"]]
    assert {
        key.decode().split(":")[2].split(".")[0] for key in keys(client, "recall:item2vec:*")
    } == {third["id"], fourth["id"]}


def test_what_can_never_go_live_makes_room_before_the_next_load(root, client):
    first, second, third, fourth = (made(root, number) for number in (1, 2, 3, 4))
    for generation in (first, second, third):
        generations.publish(root, generation)
    generations.load(root, fourth)
    assert {entry["generation"] for entry in load_entries(client, NAMES).values()} == {
        second["id"],
        third["id"],
        fourth["id"],
    }


def test_sweep_gives_up_a_newer_generation_after_some_hours(root, client):
    generations.load(root, made(root, 1))
    assert generations.sweep(root)["deleted_generations"] == []
    assert generations.sweep(root, abandoned_after_hours=0.0)["deleted_keys"] == 7
    assert not keys(client, "recall:item2vec:*")


def test_a_switch_whose_record_a_crash_kept_from_the_store_is_recorded_by_the_next_sweep(
    root, client, monkeypatch
):
    monkeypatch.setattr("tasks.publish.go_live.record", lambda *event: None)
    first = generations.publish(root, made(root, 1))
    assert events(Store(root), "item2vec") == []
    generations.sweep(root)
    [event] = events(Store(root), "item2vec")
    assert (event.facts["event"], event.facts["from"], event.facts["to"], event.facts["by"]) == (
        "go_live",
        None,
        first["id"],
        "a test",
    )
    generations.sweep(root)
    assert len(events(Store(root), "item2vec")) == 1


def test_what_a_dead_loader_had_on_its_way_is_deleted_by_the_next_sweep(root, client, monkeypatch):
    """Its load is retired; then its last batch arrives, and it is killed before it can look."""
    generations.publish(root, made(root, 1))
    generation = made(root, 2)
    monkeypatch.setattr(loading, "_keep", lambda *of: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        loading.load(LoadRequest(store=root, generation=generation["uri"]))
    [dead] = [
        load for load, entry in load_entries(client, NAMES).items() if entry["state"] == "loading"
    ]
    assert generations.sweep(root, abandoned_after_hours=0.0)["deleted_keys"] == 7
    client.hset(NAMES.bucket(dead, "items", 0), "1", "x")
    assert generations.sweep(root)["deleted_keys"] == 1 and dead in load_entries(client, NAMES)
    monkeypatch.setattr("tasks.publish.retire.time", SimpleNamespace(time=lambda: time.time() + 61))
    swept = generations.sweep(root)
    assert (swept["deleted_keys"], swept["deleted_generations"]) == (
        0,
        [],
    ) and dead not in load_entries(client, NAMES)
