"""Verb `status`: what readers see now, and what else Redis holds."""

from __future__ import annotations

import json

import redis

from tasks.core.connection import answering, connect
from tasks.core.keys import FAMILIES, Names
from tasks.publish.claims import entries, live, manifest
from tasks.publish.settings import StatusRequest

SHOWN = 10  # switches told


def status(request: StatusRequest) -> dict:
    """{families: {family: {live, kept, switches}}, memory}: `live` is null when nothing is."""
    client = connect()
    with answering(client):
        found = sorted(name.decode() for name in client.smembers(FAMILIES))
        families = [request.family] if request.family else found
        memory = client.info("memory")
        return {"families": {family: _family(client, Names(family)) for family in families},
                "memory": {"used": int(memory["used_memory"]), "maximum": int(memory.get("maxmemory", 0)) or None,
                           "policy": memory.get("maxmemory_policy")}}


def _family(client: redis.Redis, names: Names) -> dict:
    pointer = live(client, names)
    pointer.pop("ticket", None)
    kept = {}
    for generation, entry in entries(client, names).items():
        kept[generation] = {"state": entry["state"], "day": entry["day"], "version": entry["version"],
                            "started": entry["started"],
                            "whole": bool(manifest(client, names, generation)), "bytes": entry.get("bytes"),
                            "keys": sum(part["buckets"] for part in entry["plan"].values()) + 1, **entry["counts"]}
    shown = {**pointer, "fence": int(pointer["fence"]), "since": float(pointer["since"])} if pointer else None
    return {"live": shown, "kept": kept, "switches": [json.loads(text) for text in client.lrange(names.audit, 0, SHOWN - 1)]}
