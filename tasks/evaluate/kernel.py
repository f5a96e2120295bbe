"""The two inner loops of an evaluation, compiled: the best items by score, and the hits."""

from __future__ import annotations

import numba
import numpy as np

CHUNK_ITEMS = 64


@numba.njit(inline="always", cache=True)
def _before(value, row, other, other_row):
    """Whether an item precedes another in a list: higher score, or equal score and lower row."""
    return value > other or (value == other and row < other_row)


@numba.njit(cache=True)
def _sink(values, rows, size, at):
    """Restore a heap, whose root is the last item of the list, from position `at` downwards."""
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
    """Push an item if there is room or it precedes the last one; returns the new size."""
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
def _pop_sorted(values, rows, size, best):
    """Empty the heap into `best`, from the last place to the first; the places after it are −1."""
    best[size:] = -1
    for last in range(size - 1, -1, -1):
        best[last] = rows[0]
        values[0], values[last] = values[last], values[0]
        rows[0], rows[last] = rows[last], rows[0]
        _sink(values, rows, last, 0)


@numba.njit(cache=True)
def _push_unseen(values, rows, scores, k):
    """Fill a heap with the k best of one user's scores; returns its size."""
    size, last = 0, np.float32(-np.inf)
    for start in range(0, len(scores), CHUNK_ITEMS):
        stop, above = min(start + CHUNK_ITEMS, len(scores)), 0
        # Compared many at once: most chunks hold no score that is high enough.
        for item in range(start, stop):
            above += scores[item] > last
        if above == 0:
            continue
        for item in range(start, stop):
            # A later item with the score of the last one never precedes it.
            if scores[item] > last:
                size = _push(values, rows, size, scores[item], np.int32(item))
                if size == k:
                    last = values[0]
    return size


@numba.njit(nogil=True, cache=True)
def best_items(scores, offsets, items, unseen, including_seen):
    """The k best items of each user, without seen items and with them, in one pass over the scores.

    An item of the list with seen items is either among the k best unseen ones or seen itself, so
    the second list needs no second pass. Equal scores are ordered by row; a score that is −∞ or not
    a number is never shown.

    Args:
        scores: float32 (users, items); overwritten.
        offsets, items: seen rows, `items[offsets[u]:offsets[u + 1]]` of user u.
        unseen, including_seen: int32 (users, k), written.
    """
    k = unseen.shape[1]
    values, rows = np.empty(k, np.float32), np.empty(k, np.int32)
    for user in range(len(scores)):
        row = scores[user]
        seen = items[offsets[user] : offsets[user + 1]]
        seen_scores = np.empty(len(seen), np.float32)
        for i in range(len(seen)):
            seen_scores[i] = row[seen[i]]
        for item in seen:
            row[item] = -np.inf
        size = _push_unseen(values, rows, row, k)
        top_values, top_rows = values.copy(), rows.copy()
        _pop_sorted(top_values, top_rows, size, unseen[user])
        for i in range(len(seen)):
            if seen_scores[i] > -np.inf and row[seen[i]] == -np.inf:
                row[seen[i]] = np.nan  # marks it as pushed: an item seen twice is listed once
                size = _push(values, rows, size, seen_scores[i], np.int32(seen[i]))
        _pop_sorted(values, rows, size, including_seen[user])


@numba.njit(nogil=True, cache=True)
def mark_hits(lists, offsets, labels, hits, different, tail, different_tail):
    """Mark the places that hold a label, and count the different labels, in all and in the tail.

    Args:
        lists: int32 (users, k).
        offsets, labels: the labels of each user, in order of row.
        hits: bool (users, k), written.
        different, different_tail: int64 (users), written.
        tail: bool (items).
    """
    for user in range(len(lists)):
        own = labels[offsets[user] : offsets[user + 1]]
        for i in range(len(own)):
            if i == 0 or own[i] != own[i - 1]:
                different[user] += 1
                different_tail[user] += tail[own[i]]
        for position in range(lists.shape[1]):
            item = lists[user, position]
            if item >= 0:
                i = np.searchsorted(own, item)
                hits[user, position] = i < len(own) and own[i] == item
