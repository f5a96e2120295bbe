"""Verb `load`: a generation into Redis, beside what is live."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from tasks.core.connection import Client, answering, connect
from tasks.core.errors import Conflict, Corrupt
from tasks.core.generation import LOADED, Generation
from tasks.core.keys import KINDS, SCHEMA, Names
from tasks.core.log import Progress, log
from tasks.core.store import Store
from tasks.publish.channel import AHEAD, Channel, Sent
from tasks.publish.claims import KEYS_AT_ONCE, Claim, delete, entries
from tasks.publish.content import Content, plan
from tasks.publish.counts import damaged
from tasks.publish.retire import AT_ONCE, retire
from tasks.publish.room import check_room, measured_bytes
from tasks.publish.settings import LoadRequest
from tasks.publish.wire import commands

LEASE_SECONDS = 24 * 3600  # keys of a load that crashed and that nobody ever swept


def load(request: LoadRequest) -> dict:
    """Write every key of a generation, its manifest last; found loaded in this form, it is only claimed anew.

    Killed at any moment, it can be called again: what is half-done is deleted, and a new load begun.

    Raises:
        BadRequest: no room.
        Conflict: somebody newer loads this generation.
        Corrupt: the folder is not what its manifest says, or Redis lost keys while they were written.
    """
    generation = Generation(Store(request.store).open(request.generation, "generation"), verified=LOADED)
    names, client = Names(generation.family), connect()
    planned = plan(generation, request.bucket_fields, request.dtype)
    with answering(client):
        for load, entry in entries(client, names).items():
            if entry["generation"] == generation.id and entry["plan"] == planned and (claim := Claim.again(client, names, load)):
                if not damaged(client, names, load, planned):
                    log("publish.found_loaded", generation=generation.id)
                    return _result(claim, generation, entry)
        _clear(client, names, generation.id)
        check_room(client, generation, planned, request.allow_eviction)
        entry = {"generation": generation.id, "state": "loading", "plan": planned, "started": time.time(), "uri": generation.artefact.uri,
                 "day": generation.facts["day"], "version": generation.facts["version"],
                 "counts": {kind: planned[kind]["fields"] for kind in KINDS}}
        claim = Claim.begin(client, names, generation.id, entry)
        return _result(claim, generation, _write(claim, generation, entry, request.batch_fields))


def _clear(client: Client, names: Names, generation: str) -> None:
    """Delete what can never go live, and every load of this generation that nobody reads: it is half-done, damaged or of another form."""
    for load, entry in entries(client, names).items():
        mine = entry["generation"] == generation
        retire(client, names, load, AT_ONCE if mine else float(10 * LEASE_SECONDS))


def _write(claim: Claim, generation: Generation, entry: dict, batch_fields: int) -> dict:
    """Write all buckets, count them, finish; returns the entry as it stands in the registry now."""
    client, names, planned, started = claim.client, claim.names, entry["plan"], time.monotonic()
    _fill(claim, Content(generation, planned), batch_fields)
    _keep(client, list(names.buckets(claim.load, planned)))
    if wrong := damaged(client, names, claim.load, planned):
        claim.check()
        raise Corrupt(f"Redis lost part of generation {generation.id} while it was loaded",
                      got=f"another number of {' and '.join(wrong)}",
                      remedy="look for eviction or another writer; load again")
    seconds = time.monotonic() - started
    vectors = entry["counts"]["items"] + entry["counts"]["users"]
    entry = {**entry, "state": "loaded", "bytes": measured_bytes(client, names, claim.load, planned),
             "vectors_per_s": round(vectors / max(seconds, 1e-9), 1)}
    claim.finish(entry, _manifest(claim, generation, planned))
    log("publish.loaded", family=generation.family, load=claim.load, vectors=vectors, seconds=seconds)
    return entry


def _fill(claim: Claim, content: Content, batch_fields: int) -> None:
    """Send all buckets in batches of about `batch_fields` fields, while the claim holds.

    What a loader writes after it was taken over and before it notices is deleted by itself; after a crash in that moment, by the next sweep.
    """
    client, sent = claim.client, deque(maxlen=AHEAD + 1)

    def again(one: Sent) -> None:
        client.hset(one.key, mapping=content.fields(one.kind, one.rows))
        client.expire(one.key, LEASE_SECONDS)

    with Progress("publish.load", sum(content.plan[kind]["fields"] for kind in KINDS), "fields") as progress, Channel(client, again) as channel:
        try:
            for kind in KINDS:
                for batch in _batches(_buckets(claim, content, kind), batch_fields):
                    claim.check()
                    sent.append(batch)
                    channel.send(batch)
                    progress.add(sum(len(one.rows) for one in batch), kind=kind)
            channel.flush()
        except Conflict:
            channel.flush()
            delete(client, (one.key for batch in sent for one in batch))
            raise


def _buckets(claim: Claim, content: Content, kind: str) -> Iterator[Sent]:
    for some in content.buckets(kind):
        named = [(claim.names.bucket(claim.load, kind, number), rows) for number, rows in some]
        for (key, rows), command in zip(named, commands(content, kind, named, LEASE_SECONDS)):
            yield Sent(key, command, kind, rows)


def _batches(buckets: Iterator[Sent], fields: int) -> Iterator[list[Sent]]:
    """Buckets that hold about so many fields together."""
    batch, size = [], 0
    for one in buckets:
        batch.append(one)
        size += len(one.rows)
        if size >= fields:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _keep(client: Client, keys: list[str]) -> None:
    """Take the expiry off, now that everything is there."""
    for start in range(0, len(keys), KEYS_AT_ONCE):
        with client.pipeline(transaction=False) as pipe:
            for key in keys[start:start + KEYS_AT_ONCE]:
                pipe.persist(key)
            pipe.execute()


def _manifest(claim: Claim, generation: Generation, planned: dict) -> dict:
    facts = generation.facts
    return {"generation": generation.id, "load": claim.load, "schema": SCHEMA, "family": generation.family,
            "version": facts["version"] or "", "day": facts["day"], "dimension": facts["dimension"], "dtype": planned["dtype"],
            "top_form": planned["top_form"], "store": generation.artefact.uri, "loaded": time.time(),
            **{f"buckets.{kind}": planned[kind]["buckets"] for kind in KINDS},
            **{f"fields.{kind}": planned[kind]["fields"] for kind in KINDS}}


def _result(claim: Claim, generation: Generation, entry: dict) -> dict:
    keys = sum(entry["plan"][kind]["buckets"] for kind in KINDS) + 1
    return {"generation": generation.id, "family": generation.family, "load": claim.load, "keys": keys,
            "items": entry["counts"]["items"], "users": entry["counts"]["users"], "bytes": entry["bytes"],
            "vectors_per_s": entry["vectors_per_s"]}
