"""The two inner loops of an evaluation, compiled: the best of a block of scores, and where the
labels stand in them.
"""

from __future__ import annotations

import numba
import numpy as np

CHUNK_USERS = 64


@numba.njit(inline="always", cache=True)
def _before(value, row, other, other_row):
    """Whether the first stands before the second in a list: a higher score, or an equal one of a
    lower row.
    """
    return value > other or (value == other and row < other_row)


@numba.njit(cache=True)
def _sink(values, rows, size, at):
    """Restore a heap whose root is what stands last in the list."""
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and _before(
            values[child], rows[child], values[child + 1], rows[child + 1]
        ):
            child += 1
        if not _before(values[at], rows[at], values[child], rows[child]):
            return
        values[at], values[child] = values[child], values[at]
        rows[at], rows[child] = rows[child], rows[at]
        at = child


@numba.njit(cache=True)
def _push(values, rows, size, value, row):
    """Take one into the heap if it stands before the last, or if there is room; returns the new
    size.
    """
    if size < len(values):
        at = size
        while at > 0 and _before(values[(at - 1) // 2], rows[(at - 1) // 2], value, row):
            values[at], rows[at] = values[(at - 1) // 2], rows[(at - 1) // 2]
            at = (at - 1) // 2
        values[at], rows[at] = value, row
        return size + 1
    if _before(value, row, values[0], rows[0]):
        values[0], rows[0] = value, row
        _sink(values, rows, size, 0)
    return size


@numba.njit(cache=True)
def _sorted(values, rows, size, best):
    """Empty the heap into `best`, from its last place to its first; what is left of `best` is
    −1.
    """
    best[size:] = -1
    for last in range(size - 1, -1, -1):
        best[last] = rows[0]
        values[0], values[last] = values[last], values[0]
        rows[0], rows[last] = rows[last], rows[0]
        _sink(values, rows, last, 0)


@numba.njit(nogil=True, cache=True)
def best_items(scores, offsets, items, unseen, kept):
    """The k best items of each user, without what was seen and with it, from one pass over the
    scores.

    An item with what was seen is either among the k best without it or seen itself, so the second
    list needs no second pass. Equal scores are ordered by row; a score that is −∞ or not a number
    is never shown.

    Args:
        scores: float32 (users, items); overwritten.
        offsets, items: seen rows, `items[offsets[u]:offsets[u + 1]]` of user u.
        unseen, kept: int32 (users, k), written.
    """
    k = unseen.shape[1]
    values, rows = np.empty(k, np.float32), np.empty(k, np.int32)
    for user in range(len(scores)):
        row = scores[user]
        seen = items[offsets[user] : offsets[user + 1]]
        held = np.empty(len(seen), np.float32)
        for at in range(len(seen)):
            held[at] = row[seen[at]]
        for item in seen:
            row[item] = -np.inf
        size, last = 0, np.float32(-np.inf)
        for start in range(0, len(row), CHUNK_USERS):
            stop, some = min(start + CHUNK_USERS, len(row)), 0
            for item in range(
                start, stop
            ):  # many at once: most chunks hold nothing that is good enough
                some += row[item] > last
            if some == 0:
                continue
            for item in range(start, stop):
                if (
                    row[item] > last
                ):  # a later item with the score of the last one never stands before it
                    size = _push(values, rows, size, row[item], np.int32(item))
                    if size == k:
                        last = values[0]
        top_values, top_rows = values.copy(), rows.copy()
        _sorted(top_values, top_rows, size, unseen[user])
        for at in range(len(seen)):
            if held[at] > -np.inf and row[seen[at]] == -np.inf:
                row[seen[at]] = np.nan  # taken: an item seen twice stands once
                size = _push(values, rows, size, held[at], np.int32(seen[at]))
        _sorted(values, rows, size, kept[user])


@numba.njit(nogil=True, cache=True)
def mark_hits(lists, offsets, labels, found, different, tail, different_tail):
    """Where the labels stand, and how many different ones there are, in all and in the tail.

    Args:
        lists: int32 (users, k).
        offsets, labels: the labels of each user, in order of row.
        found: bool (users, k), written.
        different, different_tail: int64 (users), written.
        tail: bool (items).
    """
    for user in range(len(lists)):
        own = labels[offsets[user] : offsets[user + 1]]
        for at in range(len(own)):
            if at == 0 or own[at] != own[at - 1]:
                different[user] += 1
                different_tail[user] += tail[own[at]]
        for place in range(lists.shape[1]):
            item = lists[user, place]
            if item >= 0:
                at = np.searchsorted(own, item)
                found[user, place] = at < len(own) and own[at] == item
