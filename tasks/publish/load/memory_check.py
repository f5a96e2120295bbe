"""Whether the server has room for a generation, asked before the first key is written; and what it
took afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import redis

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import log
from tasks.core.serving.generation import Generation
from tasks.core.serving.redis_client import Client, memory_infos
from tasks.core.serving.redis_keys import BUCKET_KINDS, DTYPES, FamilyKeys

SAMPLED_BUCKETS = 32  # buckets of a kind whose memory is asked for
GENERAL, COMPACT = (
    120,
    24,
    # bytes a field beside id and value, at most: in a hash table, and in the compact encoding
    # (listpack)
)
BUCKET_BYTES = 250  # bytes of a bucket itself
PROBE_KEY = "recall:probe"
ENCODING_SCRIPT = """
for number = 1, ARGV[1] - 1 do redis.call('HSET', KEYS[1], number, '') end
redis.call('HSET', KEYS[1], '0', string.rep('\\0', ARGV[2]))
local encoding = redis.call('OBJECT', 'ENCODING', KEYS[1])
redis.call('DEL', KEYS[1])
return encoding
"""  # in one step: nothing of it stays, whenever the publisher is killed


def needed_bytes(generation: Generation, plan: dict, compact: Callable[[int, int], bool]) -> int:
    """An upper estimate of the memory that a load takes.

    Args:
        compact: whether the server stores a bucket of so many fields, the longest value of so many
            bytes, in the compact encoding.
    """
    total = 0
    for kind, size, longest in _payload(generation, plan):
        fields, buckets = plan[kind]["fields"], plan[kind]["buckets"]
        crowded = math.ceil(
            fields / buckets + 4 * (fields / buckets) ** 0.5
        )  # a bucket holds more or less than the mean
        total += (
            size
            + BUCKET_BYTES * buckets
            + fields * (COMPACT if compact(crowded, longest) else GENERAL)
        )
    return total


def _payload(generation: Generation, plan: dict) -> list[tuple[str, int, int]]:
    """Of each kind: bytes of ids and values, and of the longest value."""
    dtype, people = DTYPES[plan["dtype"]], plan["users"]["fields"]
    width, query = (
        int(dtype[-1]) * generation.array(name).shape[1] for name in ("vectors", "user_vectors")
    )
    listed = generation.array("top").shape[1] * {"int64": 8, "uuid": 16}.get(plan["top_form"], 4)
    users, items, offsets = (
        generation.user_ids.offsets,
        generation.item_ids.offsets,
        generation.array("seen.offsets"),
    )
    seen = 4 * (len(generation.array("seen.items")) + len(generation.user_ids))
    return [
        ("items", int(items[-1]) + width * len(generation.item_ids), width),
        ("users", int(users[people]) + query * people, query),
        ("seen", int(users[-1]) + seen, int(4 + 4 * (offsets[1:] - offsets[:-1]).max(initial=0))),
        ("top", int(users[people]) + listed * people, listed),
    ]


def check_memory(client: Client, generation: Generation, plan: dict, allow_eviction: bool) -> None:
    """Refuse to start what would end in a full server, or in one that drops what is live.

    Raises:
        BadRequest: too little room below maxmemory, or a policy that evicts keys without an expiry.
    """
    servers = memory_infos(client)
    needed = needed_bytes(generation, plan, partial(is_compact, client)) // len(servers)
    for memory in servers:
        limit, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
        policy = memory.get("maxmemory_policy", "noeviction")
        if limit and policy.startswith("allkeys") and not allow_eviction:
            raise BadRequest(
                "the server evicts any key when it is full, live vectors too",
                got=f"maxmemory-policy {policy}",
                allowed="noeviction or volatile-*",
                remedy="change the policy, or set allow_eviction",
            )
        if limit and used + needed > limit:
            raise BadRequest(
                f"the generation does not fit into Redis: it needs about {_mb(needed)}",
                got=f"{_mb(max(0, limit - used))} free of {_mb(limit)}",
                remedy=f"raise maxmemory to {_mb(used + needed)} or sweep old generations; "
                f"what is live stays",
            )


def is_compact(client: Client, fields: int, longest: int) -> bool:
    """Whether the server keeps such a bucket in the compact encoding; it is tried, as to read its
    settings is to read its passwords too.
    """
    try:
        return client.eval(ENCODING_SCRIPT, 1, PROBE_KEY, fields, longest) in (
            b"listpack",
            b"ziplist",
        )
    except redis.ResponseError as error:
        log("publish.encoding_unknown", reason=str(error))
        return False


def measured_bytes(client: Client, names: FamilyKeys, load: str, plan: dict) -> int | None:
    """Memory of a load's keys, extrapolated from some of its buckets; None where the server does
    not tell.
    """
    total = 0.0
    try:
        for kind in BUCKET_KINDS:
            buckets = plan[kind]["buckets"]
            numbers = range(0, buckets, max(1, buckets // SAMPLED_BUCKETS))
            sizes = [
                client.memory_usage(names.bucket(load, kind, number), samples=0) or 0
                for number in numbers
            ]
            total += sum(sizes) * buckets / len(numbers)
    except redis.ResponseError as error:
        log("publish.memory_unknown", reason=str(error))
        return None
    return int(total)


def _mb(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
