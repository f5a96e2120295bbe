"""Deleting loads that nobody can need, by their own list of keys."""

from __future__ import annotations

import json
import time

from tasks.core.serving.redis_client import Client
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.publish.load.claims import Claim, delete_keys
from tasks.publish.lua_scripts import RETIRE

WATCHED_SECONDS = 60.0
IMMEDIATELY = -1e12  # seconds: whatever it is doing, it is given up now


def retire_load(
    client: Client, names: FamilyKeys, load: str, abandoned_after_seconds: float
) -> tuple[str, int]:
    """Delete a load, unless it is live, the one before, or on its way.

    A load claimed before the live one went live is refused by `go_live` for ever, so it goes at
    once, half-done or not, even while its loader still runs: that one is told at its next batch.
    One claimed later is on its way, until it is given up. What a half-done load's process sends
    until it notices, or until it dies, comes after the deletion: so the load stays in the registry
    for `WATCHED_SECONDS`, and every sweep until then deletes its keys again.

    Returns:
        `retired`, or why it was kept; how many keys were deleted.
    """
    now = time.time()
    outcome, *told = [
        part.decode()
        for part in client.eval(
            RETIRE,
            5,
            names.live,
            names.claims,
            names.loads,
            names.manifest(load),
            names.fence,
            load,
            now,
            abandoned_after_seconds,
            WATCHED_SECONDS,
        )
    ]
    if outcome != "retired":
        return outcome, 0
    entry = json.loads(told[1])
    gone = delete_keys(client, names.buckets(load, entry["plan"]))
    if entry.get("watched_until", 0) <= now:
        Claim(client, names, load, int(told[0])).forget()
    return outcome, gone
