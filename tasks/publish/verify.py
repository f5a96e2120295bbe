"""Verb `verify`: what Redis holds of a generation against its folder, byte for byte."""

from __future__ import annotations

import time

import numpy as np
import redis

from tasks.core.connection import answering, connect
from tasks.core.errors import BadRequest, Corrupt
from tasks.core.generation import LOADED, SERVED, Generation
from tasks.core.keys import KINDS, Names
from tasks.core.log import Progress
from tasks.core.store import Store
from tasks.publish.claims import Claim, entries, manifest
from tasks.publish.content import Content
from tasks.publish.counts import damaged
from tasks.publish.settings import VerifyRequest

BUCKETS_AT_ONCE = 20


def verify(request: VerifyRequest) -> dict:
    """Compare the counts of all buckets and the bytes of a share of them; then the generation may go live.

    Raises:
        BadRequest: it is not loaded.
        Corrupt: Redis, or the folder, holds something else.
    """
    generation = Generation(Store(request.store).open(request.generation, "generation"), verified=LOADED + SERVED)
    names, client = Names(generation.family), connect()
    with answering(client):
        entry = entries(client, names).get(generation.id)
        if entry is None or manifest(client, names, generation.id).get("generation") != generation.id:
            raise BadRequest(f"generation {generation.id} is not loaded", remedy="load it first")
        claim = Claim.held(client, names, generation.id)
        if wrong := damaged(client, names, generation.id, entry["plan"]):
            raise _differs(generation, f"another number of {' and '.join(wrong)}")
        checked = _compare(client, names, generation, entry["plan"], request)
        claim.run(lambda pipe: pipe.hset(names.manifest(generation.id), "verified", time.time()))
    return {"generation": generation.id, "family": generation.family, "checked": checked}


def _compare(client: redis.Redis, names: Names, generation: Generation, plan: dict, request: VerifyRequest) -> int:
    random, checked = np.random.default_rng(request.seed), 0
    content = Content(generation, plan)
    with Progress("publish.verify", request.share * sum(plan[kind]["fields"] for kind in KINDS), "fields") as progress:
        for kind in KINDS:
            chosen = random.random(plan[kind]["buckets"]) < request.share
            batch = []
            for number, fields in content.buckets(kind):
                if chosen[number]:
                    batch.append((names.bucket(generation.id, kind, number), fields))
                if len(batch) == BUCKETS_AT_ONCE:
                    progress.add(_read_back(client, generation, batch))
                    checked, batch = checked + sum(len(fields) for _, fields in batch), []
            progress.add(_read_back(client, generation, batch))
            checked += sum(len(fields) for _, fields in batch)
    return checked


def _read_back(client: redis.Redis, generation: Generation, batch: list[tuple[str, dict[bytes, bytes]]]) -> int:
    with client.pipeline(transaction=False) as pipe:
        for key, _ in batch:
            pipe.hgetall(key)
        for (key, expected), found in zip(batch, pipe.execute()):
            if found != expected:
                raise _differs(generation, f"{key}, {sum(found.get(id) != value for id, value in expected.items())} fields")
    return sum(len(fields) for _, fields in batch)


def _differs(generation: Generation, what: str) -> Corrupt:
    return Corrupt(f"Redis holds something else than generation {generation.id}", got=what,
                   remedy="load it again; what is live stays as it is")
