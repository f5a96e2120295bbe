"""What stands under which key: the fields of a generation, bucket by bucket, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tasks.core.serving.generation import Generation
from tasks.core.serving.id_index import crc32_of_strings
from tasks.core.serving.id_packing import packed_form, packed_table
from tasks.core.serving.redis_keys import BUCKET_KINDS, DTYPES
from tasks.core.store.arrays import StringTable

BATCH_USERS = 16_384  # fields made at a time
Shape = tuple[int, int]  # bytes of an id, bytes of its value


def plan_keys(generation: Generation, bucket_fields: int, dtype: str) -> dict:
    """Which keys, in which form: kind → {fields, buckets}, and `dtype` and `top`; written before
    the first of them.
    """
    users = len(generation.array("user_vectors"))
    counts = {
        "items": len(generation.item_ids),
        "users": users,
        "seen": len(generation.user_ids),
        "top": users,
    }
    return {
        "dtype": dtype,
        "top_form": packed_form(generation.item_ids),
        **{
            kind: {
                "fields": counts[kind],
                "buckets": max(1, math.ceil(counts[kind] / bucket_fields)),
            }
            for kind in BUCKET_KINDS
        },
    }


class Content:
    """The fields of one generation.

    Args:
        generation: its folder.
        plan: made by `plan()`, or found in the registry.
    """

    def __init__(self, generation: Generation, plan: dict) -> None:
        self.generation, self.plan, self.dtype = generation, plan, DTYPES[plan["dtype"]]
        self.vectors, self.user_vectors = (
            generation.array("vectors"),
            generation.array("user_vectors"),
        )
        self.offsets, self.seen = generation.array("seen.offsets"), generation.array("seen.items")
        self.liked, self.top = generation.array("liked"), generation.array("top")
        self._packed = packed_table(generation.item_ids, plan["top_form"])

    def buckets(self, kind: str) -> Iterator[list[tuple[int, np.ndarray]]]:
        """Every bucket of a kind that holds something, some at a time: its number, and the rows of
        its fields.
        """
        fields, buckets = self.plan[kind]["fields"], self.plan[kind]["buckets"]
        ids = self.ids(kind)
        numbers = (crc32_of_strings(ids)[:fields] % np.uint32(buckets)).astype(np.int64)
        order = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=buckets))
        starts = np.concatenate([[0], ends[:-1]])
        some, size = [], 0
        for number in np.flatnonzero(ends > starts).tolist():
            some.append((number, order[starts[number] : ends[number]]))
            size += len(some[-1][1])
            if size >= BATCH_USERS:
                yield some
                some, size = [], 0
        if some:
            yield some

    def ids(self, kind: str) -> StringTable:
        """The ids that are this kind's fields."""
        return self.generation.item_ids if kind == "items" else self.generation.user_ids

    def sizes(self, kind: str, rows: np.ndarray) -> np.ndarray:
        """int64: the bytes of these rows' values."""
        if kind == "seen":
            return 4 * (1 + self.offsets[rows + 1] - self.offsets[rows])
        if kind == "top":
            return self._packed.shape[1] * (self.top[rows] >= 0).sum(axis=1)
        return np.full(len(rows), self._vectors(kind).shape[1] * np.dtype(self.dtype).itemsize)

    def _vectors(self, kind: str) -> np.ndarray:
        return self.vectors if kind == "items" else self.user_vectors

    def values(self, kind: str, rows: np.ndarray, size: int) -> np.ndarray:
        """uint8 (rows, size): the values of rows that all have this size."""
        if kind == "seen":
            at = self.offsets[rows][:, None] + np.arange(size // 4 - 1)
            numbers = np.concatenate([self.liked[rows][:, None], self.seen[at]], axis=1).astype(
                "<i4"
            )
            return numbers.view(np.uint8)
        if kind == "top":
            return self._packed[self.top[rows, : size // self._packed.shape[1]]].reshape(
                len(rows), size
            )
        block = np.ascontiguousarray(self._vectors(kind)[rows].astype(self.dtype, copy=False))
        return block.view(np.uint8).reshape(len(rows), size)

    def fields(self, kind: str, rows: np.ndarray) -> dict[bytes, bytes]:
        """id → value, as any client would send or read them."""
        ids, sizes = self.ids(kind), self.sizes(kind, rows)
        fields: dict[bytes, bytes] = {}
        for size in np.unique(sizes).tolist():
            mine = rows[sizes == size]
            data = self.values(kind, mine, size).tobytes()
            fields |= {
                ids[row].encode(): data[nth * size : (nth + 1) * size]
                for nth, row in enumerate(mine.tolist())
            }
        return fields
