"""The memory of a generation in Redis: estimated before it is loaded, measured afterwards."""

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

SAMPLED_BUCKETS = 32  # of each kind, whose memory is measured
# Bytes of a field beside its id and value, at most
HASH_TABLE_FIELD_BYTES = 120
COMPACT_FIELD_BYTES = 24  # in the compact encoding, listpack
BUCKET_BYTES = 250  # of a bucket without its fields
PROBE_KEY = "recall:probe"
ENCODING_SCRIPT = """
for number = 1, ARGV[1] - 1 do redis.call('HSET', KEYS[1], number, '') end
redis.call('HSET', KEYS[1], '0', string.rep('\\0', ARGV[2]))
local encoding = redis.call('OBJECT', 'ENCODING', KEYS[1])
redis.call('DEL', KEYS[1])
return encoding
"""  # one script, so that its key is deleted even when the publisher is killed


def needed_bytes(generation: Generation, plan: dict, compact: Callable[[int, int], bool]) -> int:
    """An upper estimate of the memory that a load takes.

    Args:
        compact: tells whether the server stores a bucket of so many fields, whose longest value has
            so many bytes, in the compact encoding.
    """
    total = 0
    for kind, size, longest in _payload(generation, plan):
        fields, buckets = plan[kind]["fields"], plan[kind]["buckets"]
        mean = fields / buckets
        fullest = math.ceil(mean + 4 * mean**0.5)  # fields of the fullest bucket
        field_bytes = COMPACT_FIELD_BYTES if compact(fullest, longest) else HASH_TABLE_FIELD_BYTES
        total += size + BUCKET_BYTES * buckets + fields * field_bytes
    return total


def _payload(generation: Generation, plan: dict) -> list[tuple[str, int, int]]:
    """(kind, bytes of its ids and values, bytes of its longest value) of each kind."""
    dtype, with_query = DTYPES[plan["dtype"]], plan["users"]["fields"]
    width, query = (
        int(dtype[-1]) * generation.array(name).shape[1] for name in ("vectors", "user_vectors")
    )
    listed = generation.array("top").shape[1] * {"int64": 8, "uuid": 16}.get(plan["top_form"], 4)
    users, items = generation.user_ids.offsets, generation.item_ids.offsets
    offsets = generation.array("seen.offsets")
    seen = 4 * (len(generation.array("seen.items")) + len(generation.user_ids))
    return [
        ("items", int(items[-1]) + width * len(generation.item_ids), width),
        ("users", int(users[with_query]) + query * with_query, query),
        ("seen", int(users[-1]) + seen, int(4 + 4 * (offsets[1:] - offsets[:-1]).max(initial=0))),
        ("top", int(users[with_query]) + listed * with_query, listed),
    ]


def check_memory(client: Client, generation: Generation, plan: dict, allow_eviction: bool) -> None:
    """Refuse a load that would fill the server, or make it evict live keys.

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
                remedy=f"raise maxmemory to {_mb(used + needed)} or sweep old generations; what is "
                "live stays",
            )


def is_compact(client: Client, fields: int, longest: int) -> bool:
    """Whether the server stores a bucket of `fields` fields in the compact encoding.

    A test bucket is written, because the right to read the server's settings is also the right to
    read its passwords.

    Args:
        longest: bytes of the longest value.
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
    """Memory of a load, extrapolated from some of its buckets; None if the server refuses."""
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
