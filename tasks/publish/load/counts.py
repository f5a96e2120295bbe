"""Comparison of the number of fields in Redis with the plan of a load."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from tasks.core.serving.redis_client import Client
from tasks.core.serving.redis_keys import BUCKET_KINDS, FamilyKeys

BATCH_KEYS = 2000  # counted in one pipeline


def field_counts(client: Client, keys: Iterable[str]) -> list[int]:
    """The number of fields of each hash, 0 for a key that does not exist."""
    keys, counts = iter(keys), []
    while batch := list(islice(keys, BATCH_KEYS)):
        with client.pipeline(transaction=False) as pipe:
            for key in batch:
                pipe.hlen(key)
            counts += pipe.execute()
    return counts


def damaged_kinds(client: Client, names: FamilyKeys, load: str, plan: dict) -> list[str]:
    """The kinds whose buckets together hold another number of fields than planned."""
    damaged = []
    for kind in BUCKET_KINDS:
        keys = (names.bucket(load, kind, number) for number in range(plan[kind]["buckets"]))
        if sum(field_counts(client, keys)) != plan[kind]["fields"]:
            damaged.append(kind)
    return damaged
