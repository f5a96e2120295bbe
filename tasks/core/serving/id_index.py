"""From an id to its row and to its bucket, by its CRC-32: the same number that any client can
compute.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tasks.core.store.arrays import StringTable, load, save


def _table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, np.uint32(0xEDB88320) ^ (table >> 1), table >> 1)
    return table


TABLE = _table()
SHORT = 64  # bytes


def crc32_of_strings(strings: StringTable) -> np.ndarray:
    """uint32 (n): `zlib.crc32` of each string, all of them a byte at a time; long ones, of which
    one would hold up all, one by one.
    """
    block, starts, lengths = (
        np.asarray(strings.block),
        np.asarray(strings.offsets[:-1]),
        np.diff(strings.offsets),
    )
    values = np.full(len(lengths), 0xFFFFFFFF, np.uint32)
    short = lengths <= SHORT
    for position in range(int(lengths[short].max(initial=0))):
        rows = np.flatnonzero(short & (lengths > position))
        values[rows] = TABLE[(values[rows] ^ block[starts[rows] + position]) & 0xFF] ^ (
            values[rows] >> np.uint32(8)
        )
    values ^= np.uint32(0xFFFFFFFF)
    for row in np.flatnonzero(~short):
        values[row] = zlib.crc32(block[starts[row] : starts[row] + lengths[row]].tobytes())
    return values


class IdIndex:
    """The row of an id in a table, without a dictionary in memory: hashes in order, and whose they
    are; both can be mapped.

    Args:
        table: the ids.
        keys: uint32 (n), the hashes of all ids in ascending order.
        order: int32 (n), the row that each of `keys` belongs to.
    """

    def __init__(self, table: StringTable, keys: np.ndarray, order: np.ndarray) -> None:
        self.table, self.keys, self.order = table, np.asarray(keys), np.asarray(order)

    @classmethod
    def of(cls, table: StringTable) -> IdIndex:
        keys = crc32_of_strings(table)
        order = np.argsort(keys, kind="stable").astype(np.int32)
        return cls(table, keys[order], order)

    def save(self, folder: Path, name: str) -> None:
        save(folder / f"{name}.keys.npy", self.keys)
        save(folder / f"{name}.order.npy", self.order)

    @classmethod
    def load(cls, folder: Path, name: str, table: StringTable) -> IdIndex:
        return cls(
            table,
            load(folder / f"{name}.keys.npy", mmap=True),
            load(folder / f"{name}.order.npy", mmap=True),
        )

    def get(self, id: str) -> int:
        """The row of an id, −1 when there is none."""
        try:
            key = zlib.crc32(id.encode())
        except UnicodeEncodeError:  # half a character: no table holds it
            return -1
        at = int(np.searchsorted(self.keys, np.uint32(key)))
        while at < len(self.keys) and int(self.keys[at]) == key:
            if self.table[int(self.order[at])] == id:
                return int(self.order[at])
            at += 1
        return -1

    def __contains__(self, id: str) -> bool:
        return self.get(id) >= 0

    def known(self, ids: Iterable[str]) -> np.ndarray:
        """int32: the rows of those ids that are known, in this order."""
        ids = list(ids)
        if not ids or not len(self.keys):
            return np.zeros(0, np.int32)
        keys = crc32_of_strings(StringTable.of(ids))
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        first, same = self.order[at], (self.keys[at] == keys).tolist()
        found = [
            row if text == id else self.get(id)
            for row, text, id, alike in zip(
                first.tolist(), self.table.take(first), ids, same, strict=True
            )
            if alike
        ]
        rows = np.array(found, np.int32)
        return rows[rows >= 0]
