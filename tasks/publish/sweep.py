"""Verb `sweep`: delete what neither readers nor a rollback nor a publisher can need."""

from __future__ import annotations

from tasks.core.cli.log import log
from tasks.core.serving.redis_client import connect, redis_errors
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.core.store.store import Store
from tasks.publish.audit import catch_up
from tasks.publish.load.claims import load_entries
from tasks.publish.retire import retire_load
from tasks.publish.settings import SweepRequest


def sweep(request: SweepRequest) -> dict:
    """Delete every load that is neither live nor the one before and cannot go live any more; write
    switches to the store that a crash kept from it."""
    names, client, keys = FamilyKeys(request.family), connect(), 0
    kept: dict[str, str] = {}
    swept: list[str] = []
    with redis_errors(client):
        for load, entry in load_entries(client, names).items():
            outcome, gone = retire_load(client, names, load, 3600 * request.abandoned_after_hours)
            keys += gone
            if outcome == "retired" and (gone or entry["state"] != "deleting"):
                swept.append(entry["generation"])
            elif outcome not in ("gone", "retired"):
                kept.setdefault(entry["generation"], outcome)
        catch_up(Store(request.store), client, request.family)
    log("publish.swept", family=request.family, generations=len(swept), keys=keys, kept=len(kept))
    return {
        "family": request.family,
        "deleted_generations": swept,
        "deleted_keys": keys,
        "kept": kept,
    }
