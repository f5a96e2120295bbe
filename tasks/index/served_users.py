"""Whom a generation serves: users with their query vectors, and what each of them has met."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import PARTS, Snapshot
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders import Encoder

BLOCK_USERS = 50_000  # users encoded at a time


@dataclasses.dataclass(frozen=True)
class ServedUsers:
    """Users of a snapshot in the rows of one catalogue.

    Attributes:
        users: int64 (m), rows of the snapshot's user table; those with a query first.
        liked: their liked rows, oldest first (m users, some may be empty).
        read: those of them that the model learned, from which it makes a query (m users).
        attributes: what else the encoder reads of them (m users).
        seen: first the liked rows, as they happened, then every other item once; these are of no
            use, and not there, where what was met may be recommended again (m users).
        seen_liked: int32 (m), how many of a user's rows in `seen` are liked.
        hidden: what is left out of a user's list: `seen`, or nothing (m users).
        with_query: how many have a query.
        left_out: users of the snapshot who never met an item of this catalogue, and of whom the
            encoder reads nothing else.
    """

    users: np.ndarray
    liked: Histories
    read: Histories
    attributes: UserAttributes
    seen: Histories
    seen_liked: np.ndarray
    hidden: Histories
    with_query: int
    left_out: int


def find_served_users(
    snapshot: Snapshot, encoder: Encoder, rows: np.ndarray, trained: int
) -> ServedUsers:
    """Everybody who did anything with an item of the catalogue, over the whole history, or whom the
    encoder knows otherwise.

    Args:
        rows: int32, the catalogue's row of each item of the snapshot, −1 where it has none.
        trained: the first so many rows are the model's own.
    """
    everything = snapshot.histories(*PARTS, liked_only=False).remap_items(rows)
    liked = snapshot.histories(*PARTS).remap_items(rows)
    read = liked.filter_rows(liked.items < trained)
    attributes = snapshot.attributes(encoder.columns)
    known = encoder.knows(read, attributes)
    users = np.flatnonzero(known | (everything.lengths > 0))
    users = users[np.argsort(~known[users], kind="stable")]
    liked = liked.select_users(users)
    seen = liked if snapshot.recommend_seen else _liked_first(everything.select_users(users), liked)
    return ServedUsers(
        users,
        liked,
        read.select_users(users),
        attributes.select_users(users),
        seen,
        liked.lengths.astype(np.int32),
        Histories.empty(len(users)) if snapshot.recommend_seen else seen,
        int(known.sum()),
        len(everything) - len(users),
    )


def _liked_first(everything: Histories, liked: Histories) -> Histories:
    """Each user's liked rows, then every item of `everything` that is not among them, once; the
    order of time is kept within both.
    """
    others = everything.without(liked).pairs()
    users = np.concatenate([liked.users(), others.users()])
    items, timestamps = (
        np.concatenate([getattr(part, name) for part in (liked, others)])
        for name in ("items", "timestamps")
    )
    order = np.argsort(users, kind="stable")
    return Histories.of(users[order], items[order], timestamps[order], len(everything))


def encode_users(encoder: Encoder, histories: Histories, attributes: UserAttributes) -> np.ndarray:
    """float32 (users, d), or (users, interests d): encoded in blocks."""
    if not len(histories):
        return np.zeros((0, encoder.dimension), np.float32)
    blocks = [
        np.arange(start, min(start + BLOCK_USERS, len(histories)))
        for start in range(0, len(histories), BLOCK_USERS)
    ]
    return np.concatenate(
        [
            encoder.encode(histories.select_users(block), attributes.select_users(block))
            for block in blocks
        ]
    )


def popularity(people: ServedUsers, items: int) -> np.ndarray:
    """int32 (items): how many users liked each row; of weighted or repeated events, the sum of
    their pairs.
    """
    return np.rint(people.liked.popularity(items)).astype(np.int32)
