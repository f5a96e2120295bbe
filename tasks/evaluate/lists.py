"""Ranked lists: the items a model would show to each user, as rows of the snapshot's items."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.retrieval.candidate import Candidate
from tasks.evaluate import kernel

BLOCK_SCORES = 4_000_000  # scores in memory at a time: 16 MB, which fit a large cache


@dataclasses.dataclass(frozen=True)
class Lists:
    """The lists of one model.

    Attributes:
        unseen: int32 (users, k), item rows best first, without seen items; −1 for an empty place.
        including_seen: the same with seen items.
        without_list: bool (users), the list is empty: the model knows nothing of the history, or
            the query is not finite.
        not_finite: bool (users), the query is not finite.
    """

    unseen: np.ndarray
    including_seen: np.ndarray
    without_list: np.ndarray
    not_finite: np.ndarray


def ranked_lists(
    score: Callable[[int, int], np.ndarray], items: int, seen: Histories, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rank the whole catalogue for every user, in blocks: exact, no item is sampled.

    Args:
        score: from a range of users, start and stop, to new float32 (users, items).
        items: size of the catalogue.
        seen: item rows of each user.
        k: places of a list.

    Returns:
        int32 (users, k), twice: without and with seen items, best first, equal scores by row; −1
        for an empty place.
    """
    users = len(seen)
    unseen, including_seen = (np.full((users, k), -1, np.int32) for _ in range(2))
    block = min(max(BLOCK_SCORES // max(items, 1), 64), 2048)
    for start in range(0, users, block):
        stop = min(start + block, users)
        kernel.best_items(
            score(start, stop),
            seen.offsets[start : stop + 1],
            seen.items,
            unseen[start:stop],
            including_seen[start:stop],
        )
    return unseen, including_seen


def lists_of_candidate(
    candidate: Candidate, item_ids: list[str], queries: Queries, k: int
) -> Lists:
    """The lists of a candidate, through the encoder that serves it.

    Items are matched by id. An item that the candidate does not know is never shown (a label among
    them is a miss), nor is one that the snapshot no longer has. A user of whom the candidate knows
    nothing gets an empty list.
    """
    rows = candidate.rows_of(item_ids)
    known = np.flatnonzero(rows >= 0)
    position = np.full(len(item_ids), -1, np.int32)  # of a row among the known ones
    position[known] = np.arange(len(known))
    histories = queries.histories.remap_items(rows)
    query = candidate.encoder.encode(histories, queries.attributes)
    not_finite = ~np.isfinite(query).all(axis=1)
    without_list = not_finite | ~query.any(axis=1) | (len(known) == 0)
    query[without_list] = 0
    vectors = np.ascontiguousarray(candidate.vectors[rows[known]]).T

    def score(start: int, stop: int) -> np.ndarray:
        # A query holds the vectors of a user's interests; an item has the score of the best one.
        scores = query[start:stop].reshape(-1, len(vectors)) @ vectors
        return (
            scores
            if len(scores) == stop - start
            else scores.reshape(stop - start, -1, scores.shape[1]).max(axis=1)
        )

    unseen, including_seen = ranked_lists(score, len(known), queries.seen.remap_items(position), k)
    for lists in (unseen, including_seen):
        lists[without_list] = -1
        if len(known) < len(item_ids):
            np.copyto(lists, np.append(known, -1)[lists])
    return Lists(unseen, including_seen, without_list, not_finite)


def lists_of_scores(
    score: Callable[[int, int], np.ndarray], items: int, queries: Queries, k: int
) -> Lists:
    """The lists of a baseline, which has a list for every user; see `ranked_lists`."""
    no_user = np.zeros(len(queries.users), bool)
    return Lists(*ranked_lists(score, items, queries.seen, k), no_user, no_user)
