"""The audit of a family: one document in the store for each switch of the live generation.

audit/<family>/<time>-<fence>/
    event.json      event, from, to, fence, at, by, why

Redis holds the last switches as a list, from which a switch that a crash kept from the store is
copied.
"""

from __future__ import annotations

import json
import time

from tasks.core.cli.errors import Unreachable
from tasks.core.cli.log import log
from tasks.core.serving.redis_client import Client
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store, write_json

MAX_ENTRIES = 1000  # of the list in Redis; the store keeps all


def record(store: Store, family: str, event: dict) -> str | None:
    """Write the document of a switch; returns its URI, or None when the store cannot be written.

    The switch has happened already, so a full disk must not fail it.

    Args:
        event: event, from, to, fence, at (seconds since 1970), by, why.
    """
    id = _id(event)
    try:
        with store.writing("audit", "audit", family, id) as draft:
            write_json(draft.path / "event.json", event)
            draft.facts = event
        return store.uri("audit", family, id)
    except (Unreachable, OSError) as error:
        log("publish.audit_not_written", reason=str(error), **event)
        return None


def catch_up(store: Store, client: Client, family: str) -> None:
    """Record the switches that Redis lists and the store lacks, since their process was killed."""
    known = set(store.names("audit", family))
    for text in client.lrange(FamilyKeys(family).audit, 0, MAX_ENTRIES - 1):
        event = json.loads(text)
        event |= {"from": event["from"] or None, "fence": int(event["fence"])}
        if _id(event) not in known:
            record(store, family, event)


def events(store: Store, family: str) -> list[Artefact]:
    """Every recorded switch, oldest first; the facts of each are the event."""
    return sorted(store.children("audit", family), key=lambda switch: int(switch.facts["fence"]))


def _id(event: dict) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(event["at"])) + f"-{event['fence']}"
