"""Generations of one planted world, one a day, and what of them stands in Redis."""

from __future__ import annotations

from tasks.core.serving.redis_keys import FamilyKeys
from tasks.publish.load.claims import whole_load
from tests import generations, worlds
from tests.servers_valkey import keys

WORLD = worlds.grouped()
NAMES = FamilyKeys("item2vec")


def load_of(client, generation):
    return whole_load(client, NAMES, generation["id"])


def made(root, number, **other):
    return generations.generation(
        root,
        WORLD,
        id=f"c{number}",
        version=str(number),
        seed=number,
        day=f"1998-04-{10 + number}",
        **other,
    )


def dump(client):
    """Every key with its content."""
    return {
        key: client.hgetall(key) if client.type(key) == b"hash" else client.type(key)
        for key in keys(client)
    }
