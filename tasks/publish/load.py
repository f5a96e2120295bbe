"""Verb `load`: a generation into Redis, beside what is live."""

from __future__ import annotations

import time

import redis

from tasks.core.connection import answering, connect
from tasks.core.errors import Corrupt
from tasks.core.generation import LOADED, Generation
from tasks.core.keys import KINDS, SCHEMA, Names
from tasks.core.log import Progress, log
from tasks.core.store import Store
from tasks.publish.claims import Claim, entries, manifest
from tasks.publish.content import Content, needed_bytes, plan
from tasks.publish.counts import damaged
from tasks.publish.room import check_room, measured_bytes
from tasks.publish.scripts import CLEAR
from tasks.publish.settings import LoadRequest

LEASE_SECONDS = 24 * 3600  # keys of a load that crashed and that nobody ever swept


def load(request: LoadRequest) -> dict:
    """Write every key of a generation, its manifest last; found loaded, it is only claimed anew.

    Killed at any moment, it can be called again: it first deletes what the registry says may be there.

    Raises:
        BadRequest: no room.
        Conflict: somebody newer took this generation over.
        Corrupt: the folder is not what its manifest says.
    """
    generation = Generation(Store(request.store).open(request.generation, "generation"), verified=LOADED)
    names, client = Names(generation.family), connect()
    with answering(client):
        before = entries(client, names).get(generation.id)
        if before:
            claim = Claim.take(client, names, generation.id, before)  # nobody deletes it now: what is seen whole stays so
            if manifest(client, names, generation.id) and not damaged(client, names, generation.id, before["plan"]):
                log("publish.found_loaded", generation=generation.id)
                return _result(generation, before)
        pointed = before is not None and not _clear(client, names, generation.id)
        planned = before["plan"] if pointed else plan(generation, request.bucket_fields)
        check_room(client, needed_bytes(generation, planned), request.allow_eviction)
        entry = _entry(generation, planned)
        if before is None:
            claim = Claim.take(client, names, generation.id, entry)
        elif not pointed:
            claim.note({**before, "state": "clearing", "started": entry["started"]})
            claim.delete(names.buckets(generation.id, before["plan"]))
            claim.note(entry)
        return _result(generation, _write(claim, generation, entry, pointed, request.batch_fields))


def _clear(client: redis.Redis, names: Names, generation: str) -> bool:
    """Take the manifest away, so that it cannot go live; False for what the pointer names, which is repaired in place instead."""
    return bool(client.eval(CLEAR, 2, names.live, names.manifest(generation), generation))


def _entry(generation: Generation, planned: dict) -> dict:
    return {"state": "loading", "plan": planned, "started": time.time(), "uri": generation.artefact.uri,
            "day": generation.facts["day"],
            "version": generation.facts["version"], "counts": {kind: planned[kind]["fields"] for kind in KINDS}}


def _write(claim: Claim, generation: Generation, entry: dict, pointed: bool, batch_fields: int) -> dict:
    """Write all buckets, count them, finish; returns the entry as it stands in the registry now."""
    client, names, planned, started = claim.client, claim.names, entry["plan"], time.monotonic()
    _fill(claim, Content(generation, planned), batch_fields, 0 if pointed else LEASE_SECONDS)
    seconds = time.monotonic() - started
    if not pointed:
        _keep(claim, list(names.buckets(generation.id, planned)))
    if wrong := damaged(client, names, generation.id, planned):
        raise Corrupt(f"Redis lost part of generation {generation.id} while it was loaded",
                      got=f"another number of {' and '.join(wrong)}",
                      remedy="look for eviction or another writer; load again")
    vectors = entry["counts"]["items"] + entry["counts"]["users"]
    entry = {**entry, "state": "loaded", "bytes": measured_bytes(client, names, generation.id, planned),
             "vectors_per_s": round(vectors / max(seconds, 1e-9), 1)}
    claim.finish(entry, _manifest(generation, planned))
    log("publish.loaded", family=generation.family, generation=generation.id, vectors=vectors, fill_seconds=seconds)
    return entry


def _fill(claim: Claim, content: Content, batch_fields: int, lease_seconds: int) -> None:
    """Send all buckets in pipelines of about `batch_fields` fields."""
    total = sum(content.plan[kind]["fields"] for kind in KINDS)
    with Progress("publish.load", total, "fields") as progress:
        for kind in KINDS:
            batch, size = [], 0
            for number, fields in content.buckets(kind):
                batch.append((claim.names.bucket(claim.generation, kind, number), fields))
                size += len(fields)
                if size >= batch_fields:
                    _send(claim, batch, lease_seconds)
                    progress.add(size, kind=kind)
                    batch, size = [], 0
            if batch:
                _send(claim, batch, lease_seconds)
                progress.add(size, kind=kind)


def _send(claim: Claim, batch: list[tuple[str, dict[bytes, bytes]]], lease_seconds: int) -> None:
    def fill(pipe: redis.client.Pipeline) -> None:
        for key, fields in batch:
            pipe.hset(key, mapping=fields)
            if lease_seconds:
                pipe.expire(key, lease_seconds)

    claim.run(fill)


def _keep(claim: Claim, keys: list[str], at_once: int = 1000) -> None:
    """Take the expiry off, now that everything is there."""
    for start in range(0, len(keys), at_once):
        claim.run(lambda pipe: [pipe.persist(key) for key in keys[start:start + at_once]])


def _manifest(generation: Generation, planned: dict) -> dict:
    facts = generation.facts
    return {"generation": generation.id, "schema": SCHEMA, "family": generation.family, "version": facts["version"] or "",
            "day": facts["day"],
            "dimension": facts["dimension"], "dtype": "float32", "store": generation.artefact.uri, "loaded": time.time(),
            **{f"buckets.{kind}": planned[kind]["buckets"] for kind in KINDS},
            **{f"fields.{kind}": planned[kind]["fields"] for kind in KINDS}}


def _result(generation: Generation, entry: dict) -> dict:
    keys = sum(part["buckets"] for part in entry["plan"].values()) + 1
    return {"generation": generation.id, "family": generation.family, "keys": keys, "items": entry["counts"]["items"],
            "users": entry["counts"]["users"], "bytes": entry["bytes"], "vectors_per_s": entry["vectors_per_s"]}
