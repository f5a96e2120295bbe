"""What stands under which key: the fields of a generation, bucket by bucket, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tasks.core.arrays import StringTable
from tasks.core.generation import Generation
from tasks.core.keys import KINDS, bucket_of, pack_seen

OVERHEAD = 120  # bytes that Redis 7 adds to a field of a hash in its general encoding, beside field and value


class Content:
    """The fields of one generation.

    Args:
        generation: its folder.
        plan: kind → {fields, buckets}; made by `plan()` or found in the registry.
    """

    def __init__(self, generation: Generation, plan: dict) -> None:
        self.generation, self.plan = generation, plan
        self.vectors, self.user_vectors = generation.array("vectors"), generation.array("user_vectors")
        self.offsets, self.seen = generation.array("seen.offsets"), generation.array("seen.items")
        self.liked = generation.array("liked")

    def buckets(self, kind: str) -> Iterator[tuple[int, dict[bytes, bytes]]]:
        """Every bucket of a kind that holds something: its number, and its fields with their values."""
        fields, buckets = self.plan[kind]["fields"], self.plan[kind]["buckets"]
        table = self.generation.item_ids if kind == "items" else self.generation.user_ids
        ids = _Bytes(table)
        numbers = np.fromiter((bucket_of(ids[row], buckets) for row in range(fields)), np.int64, fields)
        order = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=buckets))
        for number, end in enumerate(ends.tolist()):
            rows = order[ends[number - 1] if number else 0:end]
            if len(rows):
                yield number, dict(zip((bytes(ids[row]) for row in rows.tolist()), self._values(kind, rows)))

    def _values(self, kind: str, rows: np.ndarray) -> list[bytes]:
        if kind == "seen":
            return [pack_seen(self.seen[self.offsets[row]:self.offsets[row + 1]], self.liked[row]) for row in rows.tolist()]
        block = (self.vectors if kind == "items" else self.user_vectors)[rows].astype("<f4", copy=False)
        data, size = block.tobytes(), 4 * block.shape[1]
        return [data[start:start + size] for start in range(0, len(data), size)]


class _Bytes:
    """The ids of a table as views of its bytes."""

    def __init__(self, table: StringTable) -> None:
        self.block, self.offsets = memoryview(np.asarray(table.block)), table.offsets.tolist()

    def __getitem__(self, row: int) -> memoryview:
        return self.block[self.offsets[row]:self.offsets[row + 1]]


def plan(generation: Generation, bucket_fields: int) -> dict:
    """kind → {fields, buckets}: it names every key of a generation, so it is written before the first of them."""
    counts = {"items": len(generation.item_ids), "users": len(generation.array("user_vectors")), "seen": len(generation.user_ids)}
    return {kind: {"fields": counts[kind], "buckets": max(1, math.ceil(counts[kind] / bucket_fields))} for kind in KINDS}


def payload_bytes(generation: Generation) -> dict[str, int]:
    """Bytes of ids and values a kind, without anything that Redis adds."""
    width, (people, query) = 4 * generation.facts["dimension"], generation.array("user_vectors").shape
    users, items = generation.user_ids.offsets, generation.item_ids.offsets
    return {"items": int(items[-1]) + width * len(generation.item_ids), "users": int(users[people]) + 4 * query * people,
            "seen": int(users[-1]) + 4 * (len(generation.array("seen.items")) + len(generation.user_ids))}


def needed_bytes(generation: Generation, plan: dict) -> int:
    """An upper estimate of the memory a generation takes in Redis."""
    return sum(payload_bytes(generation).values()) + OVERHEAD * sum(plan[kind]["fields"] for kind in KINDS)
