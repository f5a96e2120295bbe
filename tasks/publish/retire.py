"""Deletion of loads that cannot be needed any more, by their own list of keys."""

from __future__ import annotations

import json
import time

from tasks.core.serving.redis_client import Client
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.publish.load.claims import Claim, delete_keys
from tasks.publish.lua_scripts import RETIRE

WATCHED_SECONDS = 60.0  # for which the keys of a load deleted while it was written are watched
IMMEDIATELY = -1e12  # as `abandoned_after_seconds`: every load counts as abandoned


def retire_load(
    client: Client, names: FamilyKeys, load: str, abandoned_after_seconds: float
) -> tuple[str, int]:
    """Delete a load, unless it is live, the one before, or on its way.

    `go_live` refuses a load that was claimed before the live one, so that load is deleted at once,
    complete or not; a loader that still runs learns of it at its next batch. A load claimed later
    is on its way until it counts as abandoned. A running loader may write keys after the deletion:
    its load therefore stays in the registry for `WATCHED_SECONDS`, and every sweep until then
    deletes its keys again.

    Returns:
        `retired`, or the reason to keep it; the number of deleted keys.
    """
    now = time.time()
    outcome, *details = [
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
    entry = json.loads(details[1])
    deleted = delete_keys(client, names.buckets(load, entry["plan"]))
    if entry.get("watched_until", 0) <= now:
        Claim(client, names, load, int(details[0])).forget()
    return outcome, deleted
