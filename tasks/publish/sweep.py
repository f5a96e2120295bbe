"""Verb `sweep`: delete the loads that no reader, rollback or publisher can need."""

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
    """Delete every load that is not live, not the one before and cannot go live any more.

    Switches that a crash kept from the store are written to it.

    Returns:
        family, deleted_generations, deleted_keys, kept (generation → the reason to keep it).
    """
    names, client, keys = FamilyKeys(request.family), connect(), 0
    kept: dict[str, str] = {}
    swept: list[str] = []
    with redis_errors(client):
        for load, entry in load_entries(client, names).items():
            outcome, deleted = retire_load(
                client, names, load, 3600 * request.abandoned_after_hours
            )
            keys += deleted
            if outcome == "retired" and (deleted or entry["state"] != "deleting"):
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
