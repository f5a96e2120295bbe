"""Buckets as the bytes that a server reads, made thousands of fields at a time: redis-py spends as
long on packing a field as the server on storing it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.publish.load.content import Content

Bucket = tuple[str, np.ndarray]  # its key, the rows of its fields


def encode_commands(
    content: Content, kind: str, buckets: list[Bucket], lease_seconds: int
) -> Iterator[bytes]:
    """For each bucket HSET with all its fields, and EXPIRE, in the protocol's form (RESP 2: arrays
    of bulk strings).
    """
    rows = np.concatenate([rows for _, rows in buckets])
    records, group, rank = _records(content, kind, rows)
    end = 0
    for key, mine in buckets:
        start, end = end, end + len(mine)
        name = _bulk(key.encode())
        pieces: list[bytes | memoryview] = [b"*%d\r\n$4\r\nHSET\r\n" % (2 + 2 * len(mine)), name]
        for first, last in _runs(group[start:end], start):
            pieces.append(
                memoryview(records[group[first]][rank[first] : rank[first] + last - first]).cast(
                    "B"
                )
            )
        pieces += [b"*3\r\n$6\r\nEXPIRE\r\n", name, _bulk(b"%d" % lease_seconds)]
        yield b"".join(pieces)


def _records(
    content: Content, kind: str, rows: np.ndarray
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Id and value of every row as two bulk strings: one block for all that are alike in size.

    Returns:
        the blocks, uint8 (alike, bytes); int64 (rows) which of them a row stands in; int64 (rows)
        at which place.
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
    """(first, last + 1) of every run of rows of one block."""
    cuts = (np.flatnonzero(np.diff(group)) + 1 + start).tolist()
    return list(zip([start, *cuts], [*cuts, start + len(group)], strict=True))


def _bulk(text: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(text), text)
