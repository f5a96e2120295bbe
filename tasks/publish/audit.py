"""The audit of a family: one document in the store for every switch of what is live, beside the list in Redis."""

from __future__ import annotations

import time

from tasks.core.errors import Unreachable
from tasks.core.log import log
from tasks.core.manifest import Artefact
from tasks.core.store import Store, write_json

KEPT = 1000  # entries in the list in Redis; the store keeps all


def record(store: Store, family: str, event: dict) -> str | None:
    """Write `audit/<family>/<time>-<fence>/event.json`; the switch has happened, so a full disk only makes this None.

    Args:
        event: event, from, to, fence, at (seconds since 1970), by, why.
    """
    id = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(event["at"])) + f"-{event['fence']}"
    try:
        with store.writing("audit", "audit", family, id) as draft:
            write_json(draft.path / "event.json", event)
            draft.facts = event
        return store.path("audit", family, id).as_uri()
    except (Unreachable, OSError) as error:
        log("publish.audit_not_written", reason=str(error), **event)
        return None


def events(store: Store, family: str) -> list[Artefact]:
    """Every recorded switch, oldest first; its facts are the event."""
    return store.children("audit", family)
