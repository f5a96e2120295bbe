"""Ranked lists: what a model would show to each user, in rows of the snapshot's items."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.retrieval.candidate import Candidate
from tasks.evaluate import kernel

BLOCK_SCORES = 4_000_000  # scores held at a time: 16 MB, which a large cache still holds


@dataclasses.dataclass(frozen=True)
class Lists:
    """What is shown.

    Attributes:
        unseen: int32 (users, k), item rows best first, what the user has seen left out; −1 for an
            empty place.
        kept: the same with seen items left in.
        silent: bool (users), no list at all: the model knows nothing of the history, or its query
            is not finite.
        faulty: bool (users), the query is not finite.
    """

    unseen: np.ndarray
    kept: np.ndarray
    silent: np.ndarray
    faulty: np.ndarray


def ranked_lists(
    score: Callable[[int, int], np.ndarray], items: int, seen: Histories, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The whole catalogue ranked for every user, in blocks: exact, no item is sampled.

    Args:
        score: from a range of users, begin and end, to float32 (users, items), an array of its own.
        items: size of the catalogue.
        seen: item rows of each user.
        k: places.

    Returns:
        int32 (users, k) without and with what was seen, best first, equal scores by row; −1 for an
        empty place.
    """
    users = len(seen)
    unseen, kept = (np.full((users, k), -1, np.int32) for _ in range(2))
    block = min(max(BLOCK_SCORES // max(items, 1), 64), 2048)
    for start in range(0, users, block):
        stop = min(start + block, users)
        kernel.best_items(
            score(start, stop),
            seen.offsets[start : stop + 1],
            seen.items,
            unseen[start:stop],
            kept[start:stop],
        )
    return unseen, kept


def lists_of_candidate(
    candidate: Candidate, item_ids: list[str], queries: Queries, k: int
) -> Lists:
    """The lists of a candidate, through the encoder that serves it.

    Items are matched by id. One the candidate does not know is never shown (so a label among them
    is a miss); one that today's snapshot no longer has is not shown either. A user whom the
    candidate knows nothing of gets an empty list.
    """
    rows = candidate.rows_of(item_ids)
    known = np.flatnonzero(rows >= 0)
    place = np.full(len(item_ids), -1, np.int32)
    place[known] = np.arange(len(known))
    histories = queries.histories.remap_items(rows)
    asked = candidate.encoder.encode(histories, queries.attributes)
    faulty = ~np.isfinite(asked).all(axis=1)
    silent = faulty | ~asked.any(axis=1) | (len(known) == 0)
    asked[silent] = 0
    vectors = np.ascontiguousarray(candidate.vectors[rows[known]]).T

    def score(start: int, stop: int) -> np.ndarray:
        # A user's interests stand side by side in the query; an item's score is its best one's.
        scores = asked[start:stop].reshape(-1, len(vectors)) @ vectors
        return (
            scores
            if len(scores) == stop - start
            else scores.reshape(stop - start, -1, scores.shape[1]).max(axis=1)
        )

    unseen, kept = ranked_lists(score, len(known), queries.seen.remap_items(place), k)
    for lists in (unseen, kept):
        lists[silent] = -1
        if len(known) < len(item_ids):
            np.copyto(lists, np.append(known, -1)[lists])
    return Lists(unseen, kept, silent, faulty)


def lists_of_scores(
    score: Callable[[int, int], np.ndarray], items: int, queries: Queries, k: int
) -> Lists:
    """The lists of a baseline, which has an answer for everybody: see `ranked`."""
    nobody = np.zeros(len(queries.users), bool)
    return Lists(*ranked_lists(score, items, queries.seen, k), nobody, nobody)
