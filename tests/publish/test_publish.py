"""Load, verify, go live, sweep, roll back: what is live is always one whole generation, and the older never wins."""

import dataclasses
import json
import threading
import time
import uuid
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.core.errors import BadRequest, Conflict, Corrupt
from tasks.core.generation import Generation
from tasks.core.keys import KINDS, Names, bucket_of, unpack_seen
from tasks.core.packed_ids import unpack
from tasks.core.store import Store
from tasks.publish import load as loading
from tasks.publish.audit import events
from tasks.publish.channel import Channel
from tasks.publish.claims import Claim, entries, live, whole
from tasks.publish.settings import LoadRequest, StatusRequest, VerifyRequest
from tasks.publish.status import status
from tasks.publish.verify import verify
from tests import generations, worlds
from tests.servers_valkey import keys

WORLD = worlds.grouped()
NAMES = Names("item2vec")


@pytest.fixture
def root(tmp_path):
    return (tmp_path / "store").as_uri()


@pytest.fixture
def server(anywhere):
    return anywhere


@pytest.fixture
def client(server):
    return server.client()


def load_of(client, generation):
    return whole(client, NAMES, generation["id"])


def made(root, number, **other):
    return generations.generation(root, WORLD, id=f"c{number}", version=str(number), seed=number, day=f"1998-04-{10 + number}",
                                  **other)


def dump(client):
    """Every key with its content."""
    return {key: client.hgetall(key) if client.type(key) == b"hash" else client.type(key) for key in keys(client)}


def test_any_client_finds_a_vector_by_the_rule_of_the_key_names(root, client):
    generation = generations.publish(root, made(root, 1))
    load = client.hget(NAMES.live, "load").decode()
    manifest = client.hgetall(NAMES.manifest(load))
    bucket = bucket_of(b"5", int(manifest[b"buckets.items"]))
    vector = np.frombuffer(client.hget(f"recall:item2vec:{load}:items:{bucket}", "5"), "<f4")
    folder = Store(root).open(generation["uri"], "generation").path
    np.testing.assert_array_equal(vector, np.load(folder / "vectors.npy")[4])
    bucket = bucket_of(b"7", int(manifest[b"buckets.seen"]))
    liked, seen = unpack_seen(client.hget(f"recall:item2vec:{load}:seen:{bucket}", "7"))
    assert liked.tolist() == seen.tolist() == WORLD.items[WORLD.users == 6].tolist()


def test_no_bucket_grows_beyond_its_bound_and_nothing_expires(root, client):
    generations.load(root, made(root, 1), bucket_fields=10, batch_fields=25)
    buckets = [key for key in keys(client) if key.startswith(b"recall:item2vec:")]
    assert len(buckets) > 20 and max(client.hlen(key) for key in buckets) < 30
    assert all(client.ttl(key) == -1 for key in keys(client))


def test_the_pointer_says_what_when_who_and_why(root, client):
    first, second = made(root, 1), made(root, 2)
    generations.publish(root, first)
    generations.load(root, second)
    told = generations.switch(root, second, by="ann")
    assert told == {"family": "item2vec", "generation": second["id"], "previous": first["id"], "fence": 2, "version": "2",
                    "day": "1998-04-12"}
    pointer = live(client, NAMES)
    assert {name: pointer[name] for name in ("generation", "previous", "fence", "version", "by", "why", "store")} == {
        "generation": second["id"], "previous": first["id"], "fence": "2", "version": "2", "by": "ann", "why": "it is better",
        "store": second["uri"]}
    assert abs(time.time() - float(pointer["since"])) < 60
    assert generations.switch(root, second) == told  # a task that is run again


def test_only_what_was_loaded_and_read_back_goes_live(root, client):
    generation = made(root, 1)
    with pytest.raises(BadRequest, match="not whole"):
        generations.switch(root, generation)
    loading.load(LoadRequest(store=root, generation=generation["uri"]))
    with pytest.raises(BadRequest, match="not read back"):
        generations.switch(root, generation)
    assert live(client, NAMES) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_byte_or_a_lost_field_is_found(root, client, kind):
    generation = made(root, 1)
    generations.load(root, generation)
    key = NAMES.bucket(load_of(client, generation), kind, 0)
    id, value = next(iter(client.hgetall(key).items()))
    client.hset(key, id, value[:-1] + bytes([value[-1] ^ 1]))
    with pytest.raises(Corrupt, match="something else"):
        verify(VerifyRequest(store=root, generation=generation["uri"]))
    client.hdel(key, id)
    with pytest.raises(Corrupt, match=kind):
        verify(VerifyRequest(store=root, generation=generation["uri"], share=0.0))


def test_a_damaged_generation_is_repaired_even_while_it_is_live(root, client):
    generation = generations.publish(root, made(root, 1))
    before = dump(client)
    damaged = live(client, NAMES)
    client.delete(NAMES.bucket(damaged["load"], "items", 0))
    generations.load(root, generation)
    assert live(client, NAMES) == damaged  # readers go on until the new load is whole
    generations.switch(root, generation)
    assert generations.sweep(root)["deleted_keys"] == 6  # one of its seven is lost
    after, repaired = dump(client), live(client, NAMES)
    assert (repaired["generation"], repaired["previous"]) == (generation["id"], "") and repaired["load"] != damaged["load"]
    old, new = damaged["load"].encode(), repaired["load"].encode()
    assert {key.replace(new, old): after[key] for key in after if key.startswith(b"recall:item2vec:")} == {
        key: before[key] for key in before if key.startswith(b"recall:item2vec:")}


def test_a_load_found_done_writes_no_vector_again(root, server):
    generation = made(root, 1)
    first = generations.load(root, generation)
    written = server.calls("hset")
    assert generations.load(root, generation) == first
    assert server.calls("hset") - written <= 2  # the claim and the mark of having been read back


def test_the_publisher_that_began_earlier_never_overwrites_the_later_one(root, client):
    earlier, later = made(root, 1), made(root, 1, factory="SQ8",
                                         minimum_recall=0.5)  # the same day, so that only the fence decides
    generations.load(root, earlier)
    generations.load(root, later)
    generations.switch(root, later)
    with pytest.raises(Conflict, match="after this load had started"):
        generations.switch(root, earlier)
    assert live(client, NAMES)["generation"] == later["id"]


def test_an_older_day_does_not_replace_a_newer_one(root, client):
    newer = generations.publish(root, made(root, 2))
    older = made(root, 1)
    generations.load(root, older)
    with pytest.raises(Conflict, match="rollback"):
        generations.switch(root, older)
    assert live(client, NAMES)["generation"] == newer["id"]


def test_a_loader_that_was_taken_over_writes_nothing_more(root, client, monkeypatch):
    """The second loader of a generation begins while the first is half-way: one wins, the other says so and leaves nothing."""
    generation, begun, second = made(root, 1), [], []

    def meddled(channel, batch):
        begun.append(len(batch))
        if len(begun) == 3:
            monkeypatch.setattr(Channel, "send", send)
            second.append(generations.load(root, generation))
            monkeypatch.setattr(Channel, "send", meddled)
        send(channel, batch)

    send = Channel.send
    monkeypatch.setattr(Channel, "send", meddled)
    with pytest.raises(Conflict, match="somebody newer"):
        loading.load(LoadRequest(store=root, generation=generation["uri"], bucket_fields=5, batch_fields=5))
    assert len(begun) == 3 and [load for load, entry in entries(client, NAMES).items() if entry["state"] != "deleting"] == [second[0]["load"]]
    assert len(keys(client, "recall:item2vec:*")) == second[0]["keys"] - 1
    stale = Claim(client, NAMES, second[0]["load"], 1)
    with pytest.raises(Conflict):
        stale.finish({}, {"generation": "x"})


def test_sweep_keeps_the_live_one_the_one_before_and_what_is_on_its_way(root, client):
    first, second, third, fourth = (made(root, number) for number in (1, 2, 3, 4))
    for generation in (first, second, third):
        generations.publish(root, generation)
    told = generations.sweep(root)
    assert told["deleted_generations"] == [first["id"]] and told["deleted_keys"] == 7
    assert not [key for key in keys(client) if first["id"].encode() in key]
    generations.load(root, fourth)
    assert generations.sweep(root)["kept"] == {second["id"]: "previous", third["id"]: "live", fourth["id"]: "on its way"}
    generations.switch(root, fourth)
    assert generations.sweep(root)["deleted_generations"] == [second["id"]]
    assert {key.decode().split(":")[2].split(".")[0] for key in keys(client, "recall:item2vec:*")} == {third["id"], fourth["id"]}


def test_what_can_never_go_live_makes_room_before_the_next_load(root, client):
    first, second, third, fourth = (made(root, number) for number in (1, 2, 3, 4))
    for generation in (first, second, third):
        generations.publish(root, generation)
    generations.load(root, fourth)
    assert {entry["generation"] for entry in entries(client, NAMES).values()} == {second["id"], third["id"], fourth["id"]}


def test_sweep_gives_up_a_newer_generation_after_some_hours(root, client):
    generations.load(root, made(root, 1))
    assert generations.sweep(root)["deleted_generations"] == []
    assert generations.sweep(root, abandoned_after_hours=0.0)["deleted_keys"] == 7
    assert not keys(client, "recall:item2vec:*")


def test_rollback_restores_exactly_what_was_live_within_a_second(root, client):
    first, second = generations.publish(root, made(root, 1)), generations.publish(root, made(root, 2))
    before = {key: value for key, value in dump(client).items() if first["id"].encode() in key}
    started = time.monotonic()
    told = generations.rollback(root)
    assert time.monotonic() - started < 1.0
    assert (told["generation"], told["previous"], told["version"], told["fence"]) == (first["id"], second["id"], "1", 3)
    assert {key: value for key, value in dump(client).items() if first["id"].encode() in key} == before
    assert live(client, NAMES)["generation"] == first["id"]
    assert [event.facts["event"] for event in events(Store(root), "item2vec")] == ["go_live", "go_live", "rollback"]
    entry = json.loads(client.lindex(NAMES.audit, 0))
    assert abs(entry.pop("at") - time.time()) < 60
    assert entry == {"event": "rollback", "from": second["id"], "to": first["id"], "fence": 3, "by": "an engineer",
                     "why": "it was worse"}


def test_a_publisher_that_began_before_a_rollback_does_not_undo_it(root, client):
    first, _, third = generations.publish(root, made(root, 1)), generations.publish(root, made(root, 2)), made(root, 3)
    generations.load(root, third)
    generations.rollback(root)
    with pytest.raises(Conflict, match="an engineer"):
        generations.switch(root, third)
    assert live(client, NAMES)["generation"] == first["id"]
    generations.load(root, third)  # on purpose, after the rollback
    assert generations.switch(root, third)["previous"] == first["id"]


def test_a_rollback_that_is_run_again_with_its_ticket_does_not_roll_forward(root, client):
    first, second = generations.publish(root, made(root, 1)), generations.publish(root, made(root, 2))
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
    assert live(client, NAMES)["generation"] == second["id"]


def test_status_tells_what_is_live_and_what_is_kept(root, client):
    first, second = generations.publish(root, made(root, 1)), generations.publish(root, made(root, 2))
    told = status(StatusRequest(store=root))["families"]["item2vec"]
    assert (told["live"]["generation"], told["live"]["by"], told["live"]["fence"]) == (second["id"], "a test", 2)
    assert set(told["kept"]) == {first["id"], second["id"]}
    kept = told["kept"][first["id"]]
    assert (kept["state"], kept["whole"], kept["items"], kept["users"]) == ("loaded", True, 60, 120) and kept["bytes"] > 60 * 32
    assert [switch["to"] for switch in told["switches"]] == [second["id"], first["id"]]
    assert status(StatusRequest(store=root, family="gru4rec"))["families"]["gru4rec"] == {"live": None, "kept": {},
                                                                                          "switches": []}


def test_of_two_publishers_racing_a_hundred_times_the_older_never_wins(root, server, client):
    """Both load and go live at once, in threads; whoever began to load last is live in the end, the other says so or was first."""
    pair = [made(root, 1), made(root, 1, factory="SQ8", minimum_recall=0.5)]
    for one in pair:
        generations.load(root, one)
    refused = 0
    for _ in range(100):
        outcomes = {}

        def publish(one, outcomes=outcomes):
            try:
                loading.load(LoadRequest(store=root, generation=one["uri"]))
                generations.switch(root, one)
                outcomes[one["id"]] = "live"
            except Conflict as error:
                outcomes[one["id"]] = str(error)

        threads = [threading.Thread(target=publish, args=(one,)) for one in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        claims = {entry["generation"]: entry["fence"] for entry in entries(client, NAMES).values()}
        newest = max(claims, key=claims.get)
        assert live(client, NAMES)["generation"] == newest and outcomes[newest] == "live"
        older = [told for id, told in outcomes.items() if id != newest]
        assert all(told == "live" or "after this load had started" in told for told in older)
        refused += sum(told != "live" for told in older)
    assert 0 < refused < 100  # both orders were met


def test_a_switch_whose_record_a_crash_kept_from_the_store_is_recorded_by_the_next_sweep(root, client, monkeypatch):
    monkeypatch.setattr("tasks.publish.go_live.record", lambda *event: None)
    first = generations.publish(root, made(root, 1))
    assert events(Store(root), "item2vec") == []
    generations.sweep(root)
    [event] = events(Store(root), "item2vec")
    assert (event.facts["event"], event.facts["from"], event.facts["to"], event.facts["by"]) == ("go_live", None, first["id"], "a test")
    generations.sweep(root)
    assert len(events(Store(root), "item2vec")) == 1


def test_half_precision_halves_the_vectors_and_another_form_is_a_new_load(root, client):
    generation = generations.publish(root, made(root, 1))
    generations.load(root, generation, dtype="float16")
    generations.switch(root, generation)
    generations.sweep(root)
    load = load_of(client, generation)
    manifest = client.hgetall(NAMES.manifest(load))
    vectors = np.load(Store(root).open(generation["uri"], "generation").path / "vectors.npy")
    bucket = bucket_of(b"5", int(manifest[b"buckets.items"]))
    np.testing.assert_array_equal(np.frombuffer(client.hget(NAMES.bucket(load, "items", bucket), "5"), "<f2"), vectors[4].astype(np.float16))
    assert manifest[b"dtype"] == b"float16" and len(entries(client, NAMES)) == 1


@pytest.mark.parametrize("id, form, size", [(lambda row: str(row + 1), "int32", 4), (lambda row: str(10**12 + row), "int64", 8),
                                            (lambda row: str(uuid.uuid5(uuid.NAMESPACE_URL, str(row))), "uuid", 16),
                                            (lambda row: f"sku/α-{row:03d}", "rows", 4)])
def test_precomputed_lists_are_packed_ids_of_whatever_type(root, client, id, form, size):
    world = type("Named", (worlds.World,), {"item_id": lambda self, row: id(row)})(*dataclasses.astuple(WORLD))
    generation = generations.publish(root, generations.generation(root, world))
    load = load_of(client, generation)
    manifest = client.hgetall(NAMES.manifest(load))
    bucket = bucket_of(b"7", int(manifest[b"buckets.top"]))
    packed = client.hget(NAMES.bucket(load, "top", bucket), "7")
    folder = Generation(Store(root).open(generation["uri"], "generation"))
    seen = WORLD.items[WORLD.users == 6]
    assert manifest[b"top_form"].decode() == form and len(packed) == size * (60 - len(seen))
    scores = folder.array("vectors") @ folder.array("user_vectors")[folder.user_ids[:].index("7")]
    expected = [id(row) for row in np.argsort(-scores, kind="stable").tolist() if row not in seen]
    assert unpack(packed, form, folder.item_ids) == expected


def test_what_a_dead_loader_had_on_its_way_is_deleted_by_the_next_sweep(root, client, monkeypatch):
    """Its load is retired; then its last batch arrives, and it is killed before it can look."""
    generations.publish(root, made(root, 1))
    generation = made(root, 2)
    monkeypatch.setattr(loading, "_keep", lambda *of: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        loading.load(LoadRequest(store=root, generation=generation["uri"]))
    [dead] = [load for load, entry in entries(client, NAMES).items() if entry["state"] == "loading"]
    assert generations.sweep(root, abandoned_after_hours=0.0)["deleted_keys"] == 7
    client.hset(NAMES.bucket(dead, "items", 0), "1", "x")
    assert generations.sweep(root)["deleted_keys"] == 1 and dead in entries(client, NAMES)
    monkeypatch.setattr("tasks.publish.retire.time", SimpleNamespace(time=lambda: time.time() + 61))
    told = generations.sweep(root)
    assert (told["deleted_keys"], told["deleted_generations"]) == (0, []) and dead not in entries(client, NAMES)
