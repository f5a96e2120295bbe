"""The keys and fields of a generation in Redis, bucket by bucket, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tasks.core.serving.generation import Generation
from tasks.core.serving.id_index import crc32_of_strings
from tasks.core.serving.id_packing import packed_form, packed_table
from tasks.core.serving.redis_keys import BUCKET_KINDS, DTYPES
from tasks.core.store.arrays import StringTable

BATCH_FIELDS = 16_384  # encoded at a time


def plan_keys(generation: Generation, bucket_fields: int, dtype: str) -> dict:
    """The plan of a load: kind → {fields, buckets}, and the forms `dtype` and `top_form`.

    It is written to the registry before the first key, so that every key can be found and deleted.

    Args:
        bucket_fields: fields of a bucket, on average.
        dtype: of the stored vectors.
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
        plan: made by `plan_keys`, or read from the registry.
    """

    def __init__(self, generation: Generation, plan: dict) -> None:
        self.generation, self.plan, self.dtype = generation, plan, DTYPES[plan["dtype"]]
        self.vectors = generation.array("vectors")
        self.user_vectors = generation.array("user_vectors")
        self.offsets, self.seen = generation.array("seen.offsets"), generation.array("seen.items")
        self.liked, self.top = generation.array("liked"), generation.array("top")
        self._packed = packed_table(generation.item_ids, plan["top_form"])

    def buckets(self, kind: str) -> Iterator[list[tuple[int, np.ndarray]]]:
        """Batches of the non-empty buckets of a kind: (number, int64 rows of its fields)."""
        fields, buckets = self.plan[kind]["fields"], self.plan[kind]["buckets"]
        ids = self.ids(kind)
        numbers = (crc32_of_strings(ids)[:fields] % np.uint32(buckets)).astype(np.int64)
        order = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=buckets))
        starts = np.concatenate([[0], ends[:-1]])
        batch, size = [], 0
        for number in np.flatnonzero(ends > starts).tolist():
            rows = order[starts[number] : ends[number]]
            batch.append((number, rows))
            size += len(rows)
            if size >= BATCH_FIELDS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def ids(self, kind: str) -> StringTable:
        """The ids that name the fields of a kind."""
        return self.generation.item_ids if kind == "items" else self.generation.user_ids

    def sizes(self, kind: str, rows: np.ndarray) -> np.ndarray:
        """int64 (rows): bytes of the value of each row."""
        if kind == "seen":
            return 4 * (1 + self.offsets[rows + 1] - self.offsets[rows])
        if kind == "top":
            return self._packed.shape[1] * (self.top[rows] >= 0).sum(axis=1)
        return np.full(len(rows), self._vectors(kind).shape[1] * np.dtype(self.dtype).itemsize)

    def _vectors(self, kind: str) -> np.ndarray:
        return self.vectors if kind == "items" else self.user_vectors

    def values(self, kind: str, rows: np.ndarray, size: int) -> np.ndarray:
        """uint8 (rows, size): values of rows whose values all have this size."""
        if kind == "seen":
            positions = self.offsets[rows][:, None] + np.arange(size // 4 - 1)
            numbers = np.concatenate([self.liked[rows][:, None], self.seen[positions]], axis=1)
            return numbers.astype("<i4").view(np.uint8)
        if kind == "top":
            return self._packed[self.top[rows, : size // self._packed.shape[1]]].reshape(
                len(rows), size
            )
        block = np.ascontiguousarray(self._vectors(kind)[rows].astype(self.dtype, copy=False))
        return block.view(np.uint8).reshape(len(rows), size)

    def fields(self, kind: str, rows: np.ndarray) -> dict[bytes, bytes]:
        """id → value of some rows, as any client of Redis sends and reads them."""
        ids, sizes = self.ids(kind), self.sizes(kind, rows)
        fields: dict[bytes, bytes] = {}
        for size in np.unique(sizes).tolist():
            same_size = rows[sizes == size]
            data = self.values(kind, same_size, size).tobytes()
            fields |= {
                ids[row].encode(): data[nth * size : (nth + 1) * size]
                for nth, row in enumerate(same_size.tolist())
            }
        return fields
