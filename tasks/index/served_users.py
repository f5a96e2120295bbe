"""The users that a generation serves: their query vectors and their histories."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import PARTS, Snapshot
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders import Encoder

BLOCK_USERS = 50_000  # encoded at a time


@dataclasses.dataclass(frozen=True)
class ServedUsers:
    """Users of a snapshot in the rows of one catalogue.

    Attributes:
        users: int64 (m), rows of the snapshot's user table; those with a query first.
        liked: their liked rows, oldest first (m users, some may be empty).
        read: those of the liked rows that the model learned, which make the query (m users).
        attributes: attributes that the encoder reads (m users).
        seen: the liked rows, as they happened, then every other seen item once (m users); the
            liked rows alone where seen items may be recommended again.
        seen_liked: int32 (m), how many of a user's rows in `seen` are liked.
        hidden: rows left out of a user's list: `seen`, or none (m users).
        with_query: number of users with a query.
        left_out: number of users of the snapshot without an item of this catalogue and without an
            attribute that the encoder knows.
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
    """The users with an event on an item of the catalogue, or an attribute the encoder knows.

    Args:
        rows: int32, the catalogue's row of each item of the snapshot, −1 for none.
        trained: number of the model's own rows, which come first.
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
    """Each user's liked rows, then every other item of `everything` once, both in order of time."""
    others = everything.without(liked).pairs()
    users = np.concatenate([liked.users(), others.users()])
    items, timestamps = (
        np.concatenate([getattr(part, name) for part in (liked, others)])
        for name in ("items", "timestamps")
    )
    order = np.argsort(users, kind="stable")
    return Histories.of(users[order], items[order], timestamps[order], len(everything))


def encode_users(encoder: Encoder, histories: Histories, attributes: UserAttributes) -> np.ndarray:
    """Query vectors, encoded in blocks: float32 (users, d), or (users, interests d)."""
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


def popularity(users: ServedUsers, items: int) -> np.ndarray:
    """int32 (items): number of users who liked each row; with weights, the sum over their pairs."""
    return np.rint(users.liked.popularity(items)).astype(np.int32)
