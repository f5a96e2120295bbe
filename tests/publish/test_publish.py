"""Load, verify, go live, sweep, roll back: what is live is always one whole generation, and the older never wins."""

import json
import time

import numpy as np
import pytest
import redis

from tasks.core.errors import BadRequest, Conflict, Corrupt
from tasks.core.keys import Names, bucket_of, unpack_seen
from tasks.core.store import Store
from tasks.publish import load as loading
from tasks.publish.audit import events
from tasks.publish.claims import Claim, entries, live
from tasks.publish.settings import GoLiveRequest, LoadRequest, StatusRequest, VerifyRequest
from tasks.publish.go_live import go_live
from tasks.publish.status import status
from tasks.publish.verify import verify
from tests import generations, worlds

WORLD = worlds.grouped()
NAMES = Names("item2vec")


@pytest.fixture
def root(tmp_path):
    return (tmp_path / "store").as_uri()


@pytest.fixture
def client(server):
    return redis.Redis.from_url(server.url)


def made(root, number, **other):
    return generations.generation(root, WORLD, id=f"c{number}", version=str(number), seed=number, day=f"1998-04-{10 + number}",
                                  **other)


def dump(client):
    """Every key with its content; the test may scan, the product never does."""
    return {key: client.hgetall(key) if client.type(key) == b"hash" else client.type(key) for key in client.keys()}


def test_any_client_finds_a_vector_by_the_rule_of_the_key_names(root, client):
    generation = generations.publish(root, made(root, 1))
    manifest = client.hgetall(NAMES.manifest(generation["id"]))
    bucket = bucket_of(b"5", int(manifest[b"buckets.items"]))
    vector = np.frombuffer(client.hget(f"recall:item2vec:{generation['id']}:items:{bucket}", "5"), "<f4")
    folder = Store(root).open(generation["uri"], "generation").path
    np.testing.assert_array_equal(vector, np.load(folder / "vectors.npy")[4])
    bucket = bucket_of(b"7", int(manifest[b"buckets.seen"]))
    liked, seen = unpack_seen(client.hget(f"recall:item2vec:{generation['id']}:seen:{bucket}", "7"))
    assert liked.tolist() == seen.tolist() == WORLD.items[WORLD.users == 6].tolist()


def test_no_bucket_grows_beyond_its_bound_and_nothing_expires(root, client):
    generations.load(root, made(root, 1), bucket_fields=10, batch_fields=25)
    buckets = [key for key in client.keys() if key.startswith(b"recall:item2vec:")]
    assert len(buckets) > 20 and max(client.hlen(key) for key in buckets) < 30
    assert all(client.ttl(key) == -1 for key in client.keys())


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


@pytest.mark.parametrize("kind", ["items", "users", "seen"])
def test_a_changed_byte_or_a_lost_field_is_found(root, client, kind):
    generation = made(root, 1)
    generations.load(root, generation)
    key = NAMES.bucket(generation["id"], kind, 0)
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
    client.delete(NAMES.bucket(generation["id"], "items", 0))
    generations.load(root, generation)
    after = dump(client)
    assert all(after[key] == before[key] for key in before if key.startswith(b"recall:item2vec:"))
    assert client.hget(NAMES.live, "generation").decode() == generation["id"]


def test_a_load_found_done_writes_no_vector_again(root, client):
    generation = made(root, 1)
    first = generations.load(root, generation)
    written = client.info("commandstats").get("cmdstat_hset", {}).get("calls", 0)
    assert generations.load(root, generation) == first
    assert client.info("commandstats")["cmdstat_hset"]["calls"] - written <= 3  # the claim and the two marks


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


def test_a_loader_that_was_taken_over_writes_nothing_more(root, client):
    generation = made(root, 1)
    loading.load(LoadRequest(store=root, generation=generation["uri"]))
    stale = Claim.held(client, NAMES, generation["id"])
    Claim.take(client, NAMES, generation["id"], entries(client, NAMES)[generation["id"]])
    with pytest.raises(Conflict, match="somebody newer"):
        stale.run(lambda pipe: pipe.hset("recall:item2vec:stray", "1", "x"))
    with pytest.raises(Conflict):
        stale.finish({}, {"generation": "x"})
    assert not client.exists("recall:item2vec:stray")


def test_sweep_keeps_the_live_one_the_one_before_and_what_is_on_its_way(root, client):
    first, second, third, fourth = (made(root, number) for number in (1, 2, 3, 4))
    for generation in (first, second, third):
        generations.publish(root, generation)
    generations.load(root, fourth)
    told = generations.sweep(root)
    assert told["deleted_generations"] == [first["id"]] and told["deleted_keys"] == 5
    assert told["kept"] == {second["id"]: "previous", third["id"]: "live", fourth["id"]: "on its way"}
    assert not [key for key in client.keys() if first["id"].encode() in key]
    assert first["id"] not in entries(client, NAMES)
    generations.switch(root, fourth)
    assert generations.sweep(root)["deleted_generations"] == [second["id"]]
    assert {key.decode().split(":")[2] for key in client.keys("recall:item2vec:*")} == {third["id"], fourth["id"]}


def test_sweep_gives_up_a_newer_generation_after_some_hours(root, client):
    generations.load(root, made(root, 1))
    assert generations.sweep(root)["deleted_generations"] == []
    assert generations.sweep(root, abandoned_after_hours=0.0)["deleted_keys"] == 5
    assert not client.keys("recall:item2vec:*")


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
    client.delete(NAMES.bucket(first["id"], "users", 0))
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


def test_a_race_of_two_publishers_ends_with_the_one_that_began_last(root, client):
    """The same two generations, begun and switched in every order."""
    one, other = made(root, 1), made(root, 1, factory="SQ8", minimum_recall=0.5)
    for round in range(20):
        begun = [one, other] if round % 2 else [other, one]
        for generation in begun:
            generations.load(root, generation)
        refused = 0
        for generation in (begun if round % 4 < 2 else begun[::-1]):
            try:
                go_live(GoLiveRequest(store=root, generation=generation["uri"], by="race", why="race"))
            except Conflict:
                refused += 1
        assert live(client, NAMES)["generation"] == begun[1]["id"]
        assert refused <= 1
