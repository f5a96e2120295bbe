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
    """Move the pointer to a kept generation that is whole in Redis and in the store, under a new
    fence.

    `seconds_live` is how long the generation that is taken back was live.

    Raises:
        BadRequest: nothing to go back to.
        Conflict: the pointer moved while this was checked.
        Corrupt: the generation is no longer whole.
    """
    store, names, client = Store(request.store), FamilyKeys(request.family), connect(retries=0)
    with redis_errors(client):
        pointer = read_pointer(client, names)
        if request.ticket and pointer.get("ticket") == request.ticket:
            return _result(
                request,
                pointer["generation"],
                pointer["previous"],
                pointer["fence"],
                pointer["version"],
                0.0,
            )
        target = _target(request, pointer)
        load, generation = _whole(store, client, names, target)
        facts, now = generation.facts, time.time()
        outcome, *told = [
            part.decode()
            for part in client.eval(
                ROLL_BACK,
                5,
                names.live,
                names.claims,
                names.manifest(load),
                names.audit,
                names.fence,
                load,
                target,
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
        ]
    if outcome != "live":
        raise Conflict(
            f"what is live of {request.family} changed in this moment",
            got=outcome,
            remedy="look at the status, then decide again",
        )
    previous, fence = told
    record(
        store,
        request.family,
        {
            "event": "rollback",
            "from": previous,
            "to": target,
            "fence": int(fence),
            "at": now,
            "by": request.by,
            "why": request.why,
        },
    )
    log(
        "publish.rolled_back",
        family=request.family,
        generation=target,
        previous=previous,
        fence=fence,
        by=request.by,
    )
    return _result(
        request, target, previous, fence, facts["version"], now - float(pointer["since"])
    )


def _target(request: RollbackRequest, pointer: dict[str, str]) -> str:
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


def _whole(store: Store, client: Client, names: FamilyKeys, target: str) -> tuple[str, Generation]:
    kept, load = load_entries(client, names), whole_load(client, names, target)
    if load is None:
        raise BadRequest(
            f"generation {target} of {names.family} is not kept in Redis",
            allowed=f"one of {', '.join(sorted({entry['generation'] for entry in kept.values()}))}",
            remedy="load and verify it again, or name another",
        )
    if wrong := damaged_kinds(client, names, load, kept[load]["plan"]):
        raise Corrupt(
            f"Redis lost {' and '.join(wrong)} of generation {target}",
            remedy="load it again, then roll back",
        )
    artefact = store.find("generations", names.family, target)
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
