"""Whether a load's buckets hold as many fields as planned."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from tasks.core.serving.redis_client import Client
from tasks.core.serving.redis_keys import BUCKET_KINDS, FamilyKeys

BATCH_KEYS = 2000


def field_counts(client: Client, keys: Iterable[str]) -> list[int]:
    """The number of fields of each hash, 0 where there is none; asked in pipelines."""
    keys, found = iter(keys), []
    while batch := list(islice(keys, BATCH_KEYS)):
        with client.pipeline(transaction=False) as pipe:
            for key in batch:
                pipe.hlen(key)
            found += pipe.execute()
    return found


def damaged_kinds(client: Client, names: FamilyKeys, load: str, plan: dict) -> list[str]:
    """The kinds whose buckets together hold another number of fields than planned."""
    wrong = []
    for kind in BUCKET_KINDS:
        keys = (names.bucket(load, kind, number) for number in range(plan[kind]["buckets"]))
        if sum(field_counts(client, keys)) != plan[kind]["fields"]:
            wrong.append(kind)
    return wrong
