"""Encoding of buckets into the bytes of the Redis protocol, thousands of fields at a time.

redis-py spends as long on packing a field as the server on storing it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.publish.load.content import Content

Bucket = tuple[str, np.ndarray]  # key, rows of its fields


def encode_commands(
    content: Content, kind: str, buckets: list[Bucket], lease_seconds: int
) -> Iterator[bytes]:
    """The bytes of an HSET of all fields and an EXPIRE, for each bucket.

    RESP 2: a command is an array of bulk strings.
    """
    rows = np.concatenate([rows for _, rows in buckets])
    records, group, rank = _records(content, kind, rows)
    end = 0
    for key, mine in buckets:
        start, end = end, end + len(mine)
        name = _bulk(key.encode())
        pieces: list[bytes | memoryview] = [b"*%d\r\n$4\r\nHSET\r\n" % (2 + 2 * len(mine)), name]
        for first, last in _runs(group[start:end], start):
            run = records[group[first]][rank[first] : rank[first] + last - first]
            pieces.append(memoryview(run).cast("B"))
        pieces += [b"*3\r\n$6\r\nEXPIRE\r\n", name, _bulk(b"%d" % lease_seconds)]
        yield b"".join(pieces)


def _records(
    content: Content, kind: str, rows: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Id and value of every row as two bulk strings, in one block for all rows of equal sizes.

    Returns:
        the blocks, uint8 (rows of equal sizes, bytes); int64 (rows), the block of each row;
        int64 (rows), its position in the block.
    """
    offsets = content.ids(kind).offsets
    widths, sizes = offsets[rows + 1] - offsets[rows], content.sizes(kind, rows)
    shapes, group = np.unique(widths << 32 | sizes, return_inverse=True)
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))
    rank = np.empty(len(rows), np.int64)
    blocks = []
    for number, shape in enumerate(shapes.tolist()):
        mine = order[ends[number - 1] if number else 0 : ends[number]]
        rank[mine] = np.arange(len(mine))
        blocks.append(_block(content, kind, rows[mine], width=shape >> 32, size=shape & 0xFFFFFFFF))
    return blocks, group, rank


def _block(content: Content, kind: str, rows: np.ndarray, width: int, size: int) -> np.ndarray:
    """The records of rows whose ids have `width` bytes and whose values have `size` bytes."""
    ids = content.ids(kind)
    parts = [
        _same(b"$%d\r\n" % width, len(rows)),
        np.asarray(ids.block)[np.asarray(ids.offsets)[rows][:, None] + np.arange(width)],
        _same(b"\r\n$%d\r\n" % size, len(rows)),
        content.values(kind, rows, size),
        _same(b"\r\n", len(rows)),
    ]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def _same(text: bytes, count: int) -> np.ndarray:
    return np.broadcast_to(np.frombuffer(text, np.uint8), (count, len(text)))


def _runs(group: np.ndarray, start: int) -> list[tuple[int, int]]:
    """(first, last + 1) of every run of rows of one block; `start` is the first row's number."""
    cuts = (np.flatnonzero(np.diff(group)) + 1 + start).tolist()
    return list(zip([start, *cuts], [*cuts, start + len(group)], strict=True))


def _bulk(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)
