"""Verb `rollback`: point readers back at a kept generation."""

from __future__ import annotations

import time

from tasks.core.cli.errors import BadRequest, Conflict, Corrupt
from tasks.core.cli.log import log
from tasks.core.serving.generation import Generation
from tasks.core.serving.redis_client import Client, connect, redis_errors
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.core.store.store import Store
from tasks.publish.audit import MAX_ENTRIES, record
from tasks.publish.load.claims import load_entries, read_pointer, whole_load
from tasks.publish.load.counts import damaged_kinds
from tasks.publish.lua_scripts import ROLL_BACK
from tasks.publish.settings import RollbackRequest


def rollback(request: RollbackRequest) -> dict:
    """Point readers at a kept generation, under a new fence.

    The generation must be whole in Redis and in the store. A request whose ticket is that of the
    pointer finds its rollback done.

    Returns:
        family, generation, previous (the generation that was live), fence, version, seconds_live
        (how long `previous` was live; 0 when the rollback was found done).

    Raises:
        BadRequest: there is no generation to go back to.
        Conflict: the pointer moved while this was checked.
        Corrupt: the generation is no longer whole.
    """
    store, keys, client = Store(request.store), FamilyKeys(request.family), connect(retries=0)
    with redis_errors(client):
        pointer = read_pointer(client, keys)
        if request.ticket and pointer.get("ticket") == request.ticket:
            live, previous = pointer["generation"], pointer["previous"]
            return _result(request, live, previous, pointer["fence"], pointer["version"], 0.0)
        target = _target(request, pointer)
        load, generation = _whole(store, client, keys, target)
        now = time.time()
        outcome, *details = _move_pointer(client, keys, pointer, load, generation, request, now)
    if outcome != "live":
        raise Conflict(
            f"what is live of {request.family} changed in this moment",
            got=outcome,
            remedy="look at the status, then decide again",
        )
    previous, fence = details
    _record_switch(store, target, previous, int(fence), now, request)
    version, seconds = generation.facts["version"], now - float(pointer["since"])
    return _result(request, target, previous, fence, version, seconds)


def _move_pointer(
    client: Client,
    keys: FamilyKeys,
    pointer: dict[str, str],
    load: str,
    generation: Generation,
    request: RollbackRequest,
    now: float,
) -> list[str]:
    """The outcome of the script ROLL_BACK, and its details."""
    facts = generation.facts
    reply = client.eval(
        ROLL_BACK,
        5,
        keys.live,
        keys.claims,
        keys.manifest(load),
        keys.audit,
        keys.fence,
        load,
        generation.id,
        pointer["load"],
        facts["day"],
        facts["version"] or "",
        generation.artefact.uri,
        now,
        request.by,
        request.why,
        request.ticket,
        MAX_ENTRIES,
    )
    return [part.decode() for part in reply]


def _record_switch(
    store: Store, target: str, previous: str, fence: int, now: float, request: RollbackRequest
) -> None:
    event = {
        "event": "rollback",
        "from": previous,
        "to": target,
        "fence": fence,
        "at": now,
        "by": request.by,
        "why": request.why,
    }
    record(store, request.family, event)
    log(
        "publish.rolled_back",
        family=request.family,
        generation=target,
        previous=previous,
        fence=fence,
        by=request.by,
    )


def _target(request: RollbackRequest, pointer: dict[str, str]) -> str:
    """Id of the generation to go back to."""
    if not pointer:
        raise BadRequest(f"nothing of {request.family} is live", remedy="publish it first")
    target = request.to or pointer["previous"]
    if not target:
        raise BadRequest(
            f"{request.family} has no generation before the live one",
            got=pointer["generation"],
            remedy="publish an older candidate, or name a generation",
        )
    if target == pointer["generation"]:
        raise BadRequest(f"generation {target} is live already", remedy="name another one")
    return target


def _whole(store: Store, client: Client, keys: FamilyKeys, target: str) -> tuple[str, Generation]:
    """The load of a kept generation, and its folder; both checked to be complete."""
    kept, load = load_entries(client, keys), whole_load(client, keys, target)
    if load is None:
        raise BadRequest(
            f"generation {target} of {keys.family} is not kept in Redis",
            allowed=f"one of {', '.join(sorted({entry['generation'] for entry in kept.values()}))}",
            remedy="load and verify it again, or name another",
        )
    if damaged := damaged_kinds(client, keys, load, kept[load]["plan"]):
        raise Corrupt(
            f"Redis lost {' and '.join(damaged)} of generation {target}",
            remedy="load it again, then roll back",
        )
    artefact = store.find("generations", keys.family, target)
    if artefact is None:
        raise Corrupt(
            f"the folder of generation {target} is gone from the store",
            remedy="name another generation",
        )
    return load, Generation(artefact)


def _result(
    request: RollbackRequest,
    generation: str,
    previous: str,
    fence: str,
    version: str | None,
    seconds: float,
) -> dict:
    return {
        "family": request.family,
        "generation": generation,
        "previous": previous,
        "fence": int(fence),
        "version": version or None,
        "seconds_live": round(seconds, 1),
    }
