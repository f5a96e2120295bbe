"""Verb `go_live`: point readers at a verified generation."""

from __future__ import annotations

import time

from tasks.core.cli.errors import BadRequest, Conflict
from tasks.core.cli.log import log
from tasks.core.serving.generation import Generation
from tasks.core.serving.redis_client import connect, redis_errors
from tasks.core.serving.redis_keys import FAMILIES, FamilyKeys
from tasks.core.store.store import Store
from tasks.publish.audit import MAX_ENTRIES, record
from tasks.publish.load.claims import whole_load
from tasks.publish.lua_scripts import GO_LIVE
from tasks.publish.settings import GoLiveRequest


def go_live(request: GoLiveRequest) -> dict:
    """Move the pointer, in one atomic step; called again, it finds the generation live.

    Raises:
        BadRequest: not loaded, or not verified.
        Conflict: it was deleted in this moment; a publisher or a rollback that started later has
            been here, or a newer day is live.
    """
    store = Store(request.store)
    generation = Generation(store.open(request.generation, "generation"))
    facts, names, client, now = (
        generation.facts,
        FamilyKeys(generation.family),
        connect(),
        time.time(),
    )
    with redis_errors(client):
        load = whole_load(client, names, generation.id)
        if load is None:
            raise BadRequest(
                f"generation {generation.id} is not whole in Redis",
                remedy="load and verify it, then go live",
            )
        outcome, *told = [
            part.decode()
            for part in client.eval(
                GO_LIVE,
                4,
                names.live,
                names.claims,
                names.manifest(load),
                names.audit,
                load,
                generation.id,
                facts["day"],
                facts["version"] or "",
                generation.artefact.uri,
                now,
                request.by,
                request.why,
                MAX_ENTRIES,
            )
        ]
        if outcome == "live":
            client.sadd(FAMILIES, generation.family)  # after the pointer: what is announced exists
    if outcome != "live":
        raise _refusal(outcome, told, generation)
    previous, fence, when = told
    if when == "now":
        record(
            store,
            generation.family,
            {
                "event": "go_live",
                "from": previous or None,
                "to": generation.id,
                "fence": int(fence),
                "at": now,
                "by": request.by,
                "why": request.why,
            },
        )
        log(
            "publish.live",
            family=generation.family,
            generation=generation.id,
            previous=previous or None,
            fence=fence,
        )
    return {
        "family": generation.family,
        "generation": generation.id,
        "previous": previous or None,
        "fence": int(fence),
        "version": facts["version"],
        "day": facts["day"],
    }


def _refusal(outcome: str, told: list[str], generation: Generation) -> BadRequest | Conflict:
    if outcome == "absent":
        return Conflict(
            f"generation {generation.id} was deleted from Redis in this moment",
            remedy="load it again, if it is still wanted",
        )
    if outcome == "unverified":
        return BadRequest(
            f"generation {generation.id} was not read back yet", remedy="verify it, then go live"
        )
    if outcome == "day":
        return Conflict(
            f"a newer day of {generation.family} is live",
            got=f"day {generation.facts['day']}",
            allowed=f"{told[1]} or later (generation {told[0]})",
            remedy="to go back on purpose, use rollback",
        )
    live, fence, by, own = told
    return Conflict(
        f"{by} switched {generation.family} to generation {live} after this load had started",
        got=f"fence {own}",
        allowed=f"more than {fence}",
        remedy="nothing to do; to publish this one after all, load it again",
    )
