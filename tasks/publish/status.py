"""Verb `status`: the live generation of each family, and the loads that Redis holds."""

from __future__ import annotations

import json

from tasks.core.serving.redis_client import Client, connect, memory_infos, redis_errors
from tasks.core.serving.redis_keys import BUCKET_KINDS, FamilyKeys, announced_families
from tasks.publish.load.claims import load_entries, read_pointer
from tasks.publish.settings import StatusRequest

SHOWN_SWITCHES = 10


def status(request: StatusRequest) -> dict:
    """The state of Redis: {families: {family: {live, kept, switches}}, memory}.

    `live` is the pointer, or null. `kept` has a load of each generation; of one that is loaded
    twice, the load that was claimed last.
    """
    client = connect()
    with redis_errors(client):
        families = [request.family] if request.family else announced_families(client)
        servers = memory_infos(client)
        limits = [int(memory.get("maxmemory", 0)) for memory in servers]
        return {
            "families": {family: _family(client, FamilyKeys(family)) for family in families},
            "memory": {
                "used": sum(int(memory["used_memory"]) for memory in servers),
                "maximum": sum(limits) if all(limits) else None,
                "policy": servers[0].get("maxmemory_policy"),
            },
        }


def _family(client: Client, names: FamilyKeys) -> dict:
    pointer = read_pointer(client, names)
    pointer.pop("ticket", None)
    kept: dict[str, dict] = {}
    for load, entry in load_entries(client, names).items():
        kept.setdefault(
            entry["generation"],
            {
                "state": entry["state"],
                "load": load,
                "day": entry["day"],
                "version": entry["version"],
                "started": entry["started"],
                "whole": bool(client.exists(names.manifest(load))),
                "bytes": entry.get("bytes"),
                "dtype": entry["plan"]["dtype"],
                "keys": sum(entry["plan"][kind]["buckets"] for kind in BUCKET_KINDS) + 1,
                **entry["counts"],
            },
        )
    shown = (
        {**pointer, "fence": int(pointer["fence"]), "since": float(pointer["since"])}
        if pointer
        else None
    )
    return {
        "live": shown,
        "kept": kept,
        "switches": [
            json.loads(text) for text in client.lrange(names.audit, 0, SHOWN_SWITCHES - 1)
        ],
    }
