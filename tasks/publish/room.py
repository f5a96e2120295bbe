"""Whether the server has room for a generation, asked before the first key is written; and what it took afterwards."""

from __future__ import annotations

import redis

from tasks.core.errors import BadRequest
from tasks.core.keys import KINDS, Names
from tasks.core.log import log

SAMPLED = 32  # buckets of a kind whose memory is asked for


def check_room(client: redis.Redis, needed: int, allow_eviction: bool) -> None:
    """Refuse to start what would end in a full server, or in one that drops what is live.

    Raises:
        BadRequest: too little room below maxmemory, or a policy that evicts keys without an expiry.
    """
    memory = client.info("memory")
    limit, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
    if limit == 0:
        return
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy.startswith("allkeys") and not allow_eviction:
        raise BadRequest("the server evicts any key when it is full, live vectors too", got=f"maxmemory-policy {policy}",
                         allowed="noeviction or volatile-*", remedy="change the policy, or set allow_eviction")
    if used + needed > limit:
        raise BadRequest(f"the generation does not fit into Redis: it needs about {_mb(needed)}",
                         got=f"{_mb(max(0, limit - used))} free of {_mb(limit)}",
                         remedy=f"raise maxmemory to {_mb(used + needed)} or sweep old generations; what is live stays")


def measured_bytes(client: redis.Redis, names: Names, generation: str, plan: dict) -> int | None:
    """Memory of a generation's keys, extrapolated from some of its buckets; None where the server does not tell."""
    total = 0.0
    try:
        for kind in KINDS:
            buckets = plan[kind]["buckets"]
            numbers = range(0, buckets, max(1, buckets // SAMPLED))
            with client.pipeline(transaction=False) as pipe:
                for number in numbers:
                    pipe.memory_usage(names.bucket(generation, kind, number), samples=0)
                total += sum(size or 0 for size in pipe.execute()) * buckets / len(numbers)
    except redis.ResponseError as error:
        log("publish.memory_unknown", reason=str(error))
        return None
    return int(total)


def _mb(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
