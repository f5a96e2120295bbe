"""Ranked lists: what a candidate, or popularity, would show to each user, in rows of the snapshot's items."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.candidate import Candidate
from tasks.core.histories import Histories
from tasks.core.ranking import top_k
from tasks.core.snapshot import Queries


@dataclasses.dataclass(frozen=True)
class Lists:
    """What is shown.

    Attributes:
        unseen: int32 (users, k), item rows best first, what the user has seen left out; −1 for an empty place.
        kept: the same with seen items left in.
        silent: bool (users), no list at all: the model knows nothing of the history, or its query is not finite.
        faulty: bool (users), the query is not finite.
    """

    unseen: np.ndarray
    kept: np.ndarray
    silent: np.ndarray
    faulty: np.ndarray


def of_candidate(candidate: Candidate, item_ids: list[str], queries: Queries, k: int) -> Lists:
    """The lists of a candidate, through the encoder and the ranking that serve it.

    Items are matched by id. One the candidate does not know is never shown (so a label among them is a miss); one that
    today's snapshot no longer has is not shown either. A user whom the candidate knows nothing of gets an empty list.
    """
    rows = candidate.rows_of(item_ids)
    known = np.flatnonzero(rows >= 0)
    place = np.full(len(item_ids), -1, np.int32)
    place[known] = np.arange(len(known))
    histories = queries.histories.renamed(rows)
    asked = candidate.encoder.encode(histories, queries.attributes)
    faulty = ~np.isfinite(asked).all(axis=1)
    silent = faulty | ~asked.any(axis=1) | (len(known) == 0)
    asked = np.where(silent[:, None], np.float32(0), asked)
    vectors, seen = np.asarray(candidate.vectors)[rows[known]], queries.seen.renamed(place)
    return Lists(_named(_ranked(asked, vectors, k, seen), known, silent, k), _named(_ranked(asked, vectors, k), known, silent, k),
                 silent, faulty)


def _ranked(asked: np.ndarray, vectors: np.ndarray, k: int, seen: Histories | None = None) -> np.ndarray:
    return top_k(asked, vectors, k, seen) if len(vectors) else np.zeros((len(asked), 0), np.int32)


def _named(ranked: np.ndarray, known: np.ndarray, silent: np.ndarray, k: int) -> np.ndarray:
    lists = np.full((len(ranked), k), -1, np.int32)
    lists[:, :ranked.shape[1]] = np.where(ranked >= 0, known[ranked] if len(known) else -1, -1)
    lists[silent] = -1
    return lists


def of_popularity(order: np.ndarray, seen: Histories, k: int, block: int = 1024) -> Lists:
    """The most popular items for everybody, what each has seen left out.

    Args:
        order: int (items), rows from the most to the least popular.
        seen: item rows of each user.
        k: places.
        block: users at a time.
    """
    users, items = len(seen), len(order)
    rank = np.empty(items, np.int64)
    rank[order] = np.arange(items)
    unseen = np.full((users, k), -1, np.int32)
    for start in range(0, users, block):
        one = seen.take(np.arange(start, min(start + block, users)))
        free = np.ones((len(one), items), bool)
        free[one.users(), rank[one.items]] = False
        place = np.cumsum(free, axis=1, dtype=np.int32)
        row, column = np.nonzero(free & (place <= k))
        unseen[start + row, place[row, column] - 1] = order[column]
    kept = np.full((users, k), -1, np.int32)
    kept[:, :min(k, items)] = order[:k]
    nobody = np.zeros(users, bool)
    return Lists(unseen, kept, nobody, nobody)
