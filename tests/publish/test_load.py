"""What stands under which key; what is changed or lost is found and repaired."""

import dataclasses
import uuid

import numpy as np
import pytest

from tasks.core.cli.errors import Corrupt
from tasks.core.serving.generation import Generation
from tasks.core.serving.id_packing import unpack
from tasks.core.serving.redis_keys import BUCKET_KINDS, bucket_of, unpack_seen
from tasks.core.store.store import Store
from tasks.publish.load.claims import load_entries, read_pointer
from tasks.publish.load.verify import verify
from tasks.publish.settings import VerifyRequest
from tests import generations, worlds
from tests.publish.planted import NAMES, WORLD, dump, load_of, made
from tests.servers_valkey import keys


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


@pytest.mark.parametrize("kind", BUCKET_KINDS)
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
    damaged = read_pointer(client, NAMES)
    client.delete(NAMES.bucket(damaged["load"], "items", 0))
    generations.load(root, generation)
    assert read_pointer(client, NAMES) == damaged  # readers go on until the new load is whole
    generations.switch(root, generation)
    assert generations.sweep(root)["deleted_keys"] == 6  # one of its seven is lost
    after, repaired = dump(client), read_pointer(client, NAMES)
    assert (repaired["generation"], repaired["previous"]) == (generation["id"], "") and repaired[
        "load"
    ] != damaged["load"]
    old, new = damaged["load"].encode(), repaired["load"].encode()
    assert {
        key.replace(new, old): after[key] for key in after if key.startswith(b"recall:item2vec:")
    } == {key: before[key] for key in before if key.startswith(b"recall:item2vec:")}


def test_a_load_found_done_writes_no_vector_again(root, anywhere):
    generation = made(root, 1)
    first = generations.load(root, generation)
    written = anywhere.calls("hset")
    assert generations.load(root, generation) == first
    assert anywhere.calls("hset") - written <= 2  # the claim and the mark of having been read back


def test_half_precision_halves_the_vectors_and_another_form_is_a_new_load(root, client):
    generation = generations.publish(root, made(root, 1))
    generations.load(root, generation, dtype="float16")
    generations.switch(root, generation)
    generations.sweep(root)
    load = load_of(client, generation)
    manifest = client.hgetall(NAMES.manifest(load))
    vectors = np.load(Store(root).open(generation["uri"], "generation").path / "vectors.npy")
    bucket = bucket_of(b"5", int(manifest[b"buckets.items"]))
    np.testing.assert_array_equal(
        np.frombuffer(client.hget(NAMES.bucket(load, "items", bucket), "5"), "<f2"),
        vectors[4].astype(np.float16),
    )
    assert manifest[b"dtype"] == b"float16" and len(load_entries(client, NAMES)) == 1


@pytest.mark.parametrize(
    "id, form, size",
    [
        (lambda row: str(row + 1), "int32", 4),
        (lambda row: str(10**12 + row), "int64", 8),
        (lambda row: str(uuid.uuid5(uuid.NAMESPACE_URL, str(row))), "uuid", 16),
        (lambda row: f"sku/α-{row:03d}", "rows", 4),
    ],
)
def test_precomputed_lists_are_packed_ids_of_whatever_type(root, client, id, form, size):
    world = type("Named", (worlds.World,), {"item_id": lambda self, row: id(row)})(
        *dataclasses.astuple(WORLD)
    )
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
