"""Verb `load`: load a generation into Redis beside the live one."""

from __future__ import annotations

import time

from tasks.core.cli.errors import Corrupt
from tasks.core.cli.log import log
from tasks.core.serving.generation import LOADED, Generation
from tasks.core.serving.redis_client import Client, connect, redis_errors
from tasks.core.serving.redis_keys import BUCKET_KINDS, SCHEMA, FamilyKeys
from tasks.core.store.store import Store
from tasks.publish.load.claims import BATCH_KEYS, Claim, load_entries
from tasks.publish.load.content import Content, plan_keys
from tasks.publish.load.counts import damaged_kinds
from tasks.publish.load.fill import LEASE_SECONDS, send_buckets
from tasks.publish.load.memory_check import check_memory, measured_bytes
from tasks.publish.retire import IMMEDIATELY, retire_load
from tasks.publish.settings import LoadRequest


def load(request: LoadRequest) -> dict:
    """Write every key of a generation, its manifest last, or claim a whole load of it anew.

    Killed at any moment, it can be called again: an incomplete load is deleted, and a new one
    begun.

    Returns:
        generation, family, load, keys, items, users, bytes, vectors_per_s.

    Raises:
        BadRequest: the server has too little room.
        Conflict: a newer process loads this generation.
        Corrupt: the folder differs from its manifest, or Redis lost keys while they were written.
    """
    generation = Generation(
        Store(request.store).open(request.generation, "generation"), verified=LOADED
    )
    names, client = FamilyKeys(generation.family), connect()
    planned = plan_keys(generation, request.bucket_fields, request.dtype)
    with redis_errors(client):
        for load, entry in load_entries(client, names).items():
            if (
                entry["generation"] == generation.id
                and entry["plan"] == planned
                and (claim := Claim.again(client, names, load))
                and not damaged_kinds(client, names, load, planned)
            ):
                log("publish.found_loaded", generation=generation.id)
                return _result(claim, generation, entry)
        _clear(client, names, generation.id)
        check_memory(client, generation, planned, request.allow_eviction)
        entry = _entry(generation, planned)
        claim = Claim.begin(client, names, generation.id, entry)
        return _result(claim, generation, _write(claim, generation, entry, request.batch_fields))


def _entry(generation: Generation, planned: dict) -> dict:
    """The entry of a new load in the registry."""
    return {
        "generation": generation.id,
        "state": "loading",
        "plan": planned,
        "started": time.time(),
        "uri": generation.artefact.uri,
        "day": generation.facts["day"],
        "version": generation.facts["version"],
        "counts": {kind: planned[kind]["fields"] for kind in BUCKET_KINDS},
    }


def _clear(client: Client, names: FamilyKeys, generation: str) -> None:
    """Delete loads that can never go live, and every load of this generation that is not read.

    Such a load of the generation is incomplete, damaged or in another form.
    """
    for load, entry in load_entries(client, names).items():
        mine = entry["generation"] == generation
        retire_load(client, names, load, IMMEDIATELY if mine else float(10 * LEASE_SECONDS))


def _write(claim: Claim, generation: Generation, entry: dict, batch_fields: int) -> dict:
    """Write all buckets, count them, finish; returns the new entry in the registry."""
    client, names, planned, started = claim.client, claim.names, entry["plan"], time.monotonic()
    send_buckets(claim, Content(generation, planned), batch_fields)
    _keep(client, list(names.buckets(claim.load, planned)))
    if damaged := damaged_kinds(client, names, claim.load, planned):
        claim.check()
        raise Corrupt(
            f"Redis lost part of generation {generation.id} while it was loaded",
            got=f"another number of {' and '.join(damaged)}",
            remedy="look for eviction or another writer; load again",
        )
    seconds = time.monotonic() - started
    vectors = entry["counts"]["items"] + entry["counts"]["users"]
    entry = {
        **entry,
        "state": "loaded",
        "bytes": measured_bytes(client, names, claim.load, planned),
        "vectors_per_s": round(vectors / max(seconds, 1e-9), 1),
    }
    claim.finish(entry, _manifest(claim, generation, planned))
    log(
        "publish.loaded",
        family=generation.family,
        load=claim.load,
        vectors=vectors,
        seconds=seconds,
    )
    return entry


def _keep(client: Client, keys: list[str]) -> None:
    """Remove the expiry of the keys, now that all are written."""
    for start in range(0, len(keys), BATCH_KEYS):
        with client.pipeline(transaction=False) as pipe:
            for key in keys[start : start + BATCH_KEYS]:
                pipe.persist(key)
            pipe.execute()


def _manifest(claim: Claim, generation: Generation, planned: dict) -> dict:
    facts = generation.facts
    return {
        "generation": generation.id,
        "load": claim.load,
        "schema": SCHEMA,
        "family": generation.family,
        "version": facts["version"] or "",
        "day": facts["day"],
        "dimension": facts["dimension"],
        "dtype": planned["dtype"],
        "top_form": planned["top_form"],
        "store": generation.artefact.uri,
        "loaded": time.time(),
        **{f"buckets.{kind}": planned[kind]["buckets"] for kind in BUCKET_KINDS},
        **{f"fields.{kind}": planned[kind]["fields"] for kind in BUCKET_KINDS},
    }


def _result(claim: Claim, generation: Generation, entry: dict) -> dict:
    keys = sum(entry["plan"][kind]["buckets"] for kind in BUCKET_KINDS) + 1
    return {
        "generation": generation.id,
        "family": generation.family,
        "load": claim.load,
        "keys": keys,
        "items": entry["counts"]["items"],
        "users": entry["counts"]["users"],
        "bytes": entry["bytes"],
        "vectors_per_s": entry["vectors_per_s"],
    }
