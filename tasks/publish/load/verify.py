"""Verb `verify`: compare a generation in Redis with its folder, byte for byte."""

from __future__ import annotations

import time

import numpy as np

from tasks.core.cli.errors import BadRequest, Conflict, Corrupt
from tasks.core.cli.log import Progress
from tasks.core.serving.generation import LOADED, SERVED, Generation
from tasks.core.serving.redis_client import Client, connect, redis_errors
from tasks.core.serving.redis_keys import BUCKET_KINDS, FamilyKeys
from tasks.core.store.store import Store
from tasks.publish.load.claims import load_entries, whole_load
from tasks.publish.load.content import Content
from tasks.publish.load.counts import damaged_kinds
from tasks.publish.lua_scripts import VERIFIED
from tasks.publish.settings import VerifyRequest

BATCH_BUCKETS = 50  # read back in one pipeline


def verify(request: VerifyRequest) -> dict:
    """Compare the counts of all buckets and the bytes of a share; then it may go live.

    Returns:
        generation, family, load, checked (number of compared fields).

    Raises:
        BadRequest: the generation is not loaded.
        Conflict: it was deleted while it was read.
        Corrupt: Redis and the folder differ, or the folder differs from its manifest.
    """
    generation = Generation(
        Store(request.store).open(request.generation, "generation"), verified=LOADED + SERVED
    )
    names, client = FamilyKeys(generation.family), connect()
    with redis_errors(client):
        load = whole_load(client, names, generation.id)
        if load is None:
            raise BadRequest(f"generation {generation.id} is not loaded", remedy="load it first")
        plan = load_entries(client, names)[load]["plan"]
        if damaged := damaged_kinds(client, names, load, plan):
            raise _differs(generation, f"another number of {' and '.join(damaged)}")
        checked = _compare(client, names, load, Content(generation, plan), request)
        if not client.eval(VERIFIED, 1, names.manifest(load), time.time()):
            raise Conflict(
                f"load {load} of {names.family} was deleted while it was read back",
                remedy="load it again, if it is still wanted",
            )
    return {
        "generation": generation.id,
        "family": generation.family,
        "load": load,
        "checked": checked,
    }


def _compare(
    client: Client, names: FamilyKeys, load: str, content: Content, request: VerifyRequest
) -> int:
    random, checked, plan = np.random.default_rng(request.seed), 0, content.plan
    expected = request.share * sum(plan[kind]["fields"] for kind in BUCKET_KINDS)
    with Progress("reading back from Redis", expected, "fields") as progress:
        for kind in BUCKET_KINDS:
            chosen = random.random(plan[kind]["buckets"]) < request.share
            for buckets in content.buckets(kind):
                batch = [
                    (names.bucket(load, kind, number), rows)
                    for number, rows in buckets
                    if chosen[number]
                ]
                for start in range(0, len(batch), BATCH_BUCKETS):
                    fields = _read_back(client, content, kind, batch[start : start + BATCH_BUCKETS])
                    progress.add(fields)
                    checked += fields
    return checked


def _read_back(
    client: Client, content: Content, kind: str, batch: list[tuple[str, np.ndarray]]
) -> int:
    with client.pipeline(transaction=False) as pipe:
        for key, _ in batch:
            pipe.hgetall(key)
        for (key, rows), stored in zip(batch, pipe.execute(), strict=True):
            expected = content.fields(kind, rows)
            if stored != expected:
                differing = sum(stored.get(id) != value for id, value in expected.items())
                raise _differs(content.generation, f"{key}, {differing} fields")
    return sum(len(rows) for _, rows in batch)


def _differs(generation: Generation, what: str) -> Corrupt:
    return Corrupt(
        f"Redis holds something else than generation {generation.id}",
        got=what,
        remedy="load it again; what is live stays as it is",
    )
