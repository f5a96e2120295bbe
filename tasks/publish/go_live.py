"""Verb `go_live`: point readers at a verified generation."""

from __future__ import annotations

import time

from tasks.core.cli.errors import BadRequest, Conflict
from tasks.core.cli.log import log
from tasks.core.serving.generation import Generation
from tasks.core.serving.redis_client import Client, connect, redis_errors
from tasks.core.serving.redis_keys import FAMILIES, FamilyKeys
from tasks.core.store.store import Store
from tasks.publish.audit import MAX_ENTRIES, record
from tasks.publish.load.claims import whole_load
from tasks.publish.lua_scripts import GO_LIVE
from tasks.publish.settings import GoLiveRequest


def go_live(request: GoLiveRequest) -> dict:
    """Move the pointer, in one atomic step; called again, it finds the generation live.

    Returns:
        family, generation, previous (the generation that was live before, or None), fence, version,
        day.

    Raises:
        BadRequest: not loaded, or not verified.
        Conflict: the generation has just been deleted; a publisher or a rollback that started later
            has moved the pointer; or a newer day is live.
    """
    store = Store(request.store)
    generation = Generation(store.open(request.generation, "generation"))
    client, now = connect(), time.time()
    with redis_errors(client):
        outcome, *details = _move_pointer(client, generation, request, now)
        if outcome == "live":
            client.sadd(FAMILIES, generation.family)  # after the pointer: what is announced exists
    if outcome != "live":
        raise _refusal(outcome, details, generation)
    previous, fence, when = details[0] or None, int(details[1]), details[2]
    if when == "now":
        _record_switch(store, generation, previous, fence, now, request)
    return {
        "family": generation.family,
        "generation": generation.id,
        "previous": previous,
        "fence": fence,
        "version": generation.facts["version"],
        "day": generation.facts["day"],
    }


def _move_pointer(
    client: Client, generation: Generation, request: GoLiveRequest, now: float
) -> list[str]:
    """The outcome of the script GO_LIVE, and its details."""
    keys, facts = FamilyKeys(generation.family), generation.facts
    load = whole_load(client, keys, generation.id)
    if load is None:
        raise BadRequest(
            f"generation {generation.id} is not whole in Redis",
            remedy="load and verify it, then go live",
        )
    reply = client.eval(
        GO_LIVE,
        4,
        keys.live,
        keys.claims,
        keys.manifest(load),
        keys.audit,
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
    return [part.decode() for part in reply]


def _record_switch(
    store: Store,
    generation: Generation,
    previous: str | None,
    fence: int,
    now: float,
    request: GoLiveRequest,
) -> None:
    event = {
        "event": "go_live",
        "from": previous,
        "to": generation.id,
        "fence": fence,
        "at": now,
        "by": request.by,
        "why": request.why,
    }
    record(store, generation.family, event)
    log(
        "publish.live",
        family=generation.family,
        generation=generation.id,
        previous=previous,
        fence=fence,
    )


def _refusal(outcome: str, details: list[str], generation: Generation) -> BadRequest | Conflict:
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
        live, day = details
        return Conflict(
            f"a newer day of {generation.family} is live",
            got=f"day {generation.facts['day']}",
            allowed=f"{day} or later (generation {live})",
            remedy="to go back on purpose, use rollback",
        )
    live, fence, by, own_fence = details
    return Conflict(
        f"{by} switched {generation.family} to generation {live} after this load had started",
        got=f"fence {own_fence}",
        allowed=f"more than {fence}",
        remedy="nothing to do; to publish this one after all, load it again",
    )
