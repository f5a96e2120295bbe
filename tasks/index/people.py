"""Whom a generation serves: users with their query vectors, and everything each of them has seen."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.attributes import Attributes
from tasks.core.encoders import Encoder
from tasks.core.histories import Histories
from tasks.core.snapshot import PARTS, Snapshot

BLOCK = 50_000  # users encoded at a time


@dataclasses.dataclass(frozen=True)
class People:
    """Users of a snapshot in the rows of one catalogue.

    Attributes:
        users: int64 (m), rows of the snapshot's user table; those with a query first.
        liked: their liked rows, oldest first (m users, some may be empty).
        read: those of them that the model learned, from which it makes a query (m users).
        attributes: what else the encoder reads of them (m users).
        seen: each row once, first the liked ones, then the others (m users).
        seen_liked: int32 (m), how many of a user's rows in `seen` are liked.
        with_query: how many have a query.
        left_out: users of the snapshot who never met an item of this catalogue, and of whom the encoder reads nothing else.
    """

    users: np.ndarray
    liked: Histories
    read: Histories
    attributes: Attributes
    seen: Histories
    seen_liked: np.ndarray
    with_query: int
    left_out: int


def people(snapshot: Snapshot, encoder: Encoder, rows: np.ndarray, trained: int) -> People:
    """Everybody who did anything with an item of the catalogue, over the whole history, or whom the encoder knows otherwise.

    Args:
        rows: int32, the catalogue's row of each item of the snapshot, −1 where it has none.
        trained: the first so many rows are the model's own.
    """
    everything = snapshot.histories(*PARTS, liked_only=False).renamed(rows)
    liked = snapshot.histories(*PARTS).renamed(rows)
    read = liked.where(liked.items < trained)
    attributes = snapshot.attributes(encoder.columns)
    known = encoder.knows(read, attributes)
    users = np.flatnonzero(known | (everything.lengths > 0))
    users = users[np.argsort(~known[users], kind="stable")]
    liked = liked.take(users)
    return People(users, liked, read.take(users), attributes.take(users), *_liked_first(everything.take(users), liked), int(known.sum()),
                  len(everything) - len(users))


def _liked_first(everything: Histories, liked: Histories) -> tuple[Histories, np.ndarray]:
    """Each user's rows once, those in `liked` first, and how many those are; the order of time is kept within both."""
    stride = int(everything.items.max(initial=0)) + 1
    everybody = everything.users().astype(np.int64)
    mine = np.isin(everybody * stride + everything.items, liked.users().astype(np.int64) * stride + liked.items)
    order = np.lexsort((~mine, everybody))
    items, owners = everything.items[order], everybody[order]
    first = np.zeros(len(items), bool)
    first[np.unique(owners * stride + items, return_index=True)[1]] = True
    counts = np.bincount(owners[first], weights=mine[order][first], minlength=len(everything)).astype(np.int32)
    return Histories.of(owners[first], items[first], everything.timestamps[order][first], len(everything)), counts


def queries(encoder: Encoder, histories: Histories, attributes: Attributes) -> np.ndarray:
    """float32 (users, d), or (users, interests d): encoded in blocks."""
    if not len(histories):
        return np.zeros((0, encoder.dimension), np.float32)
    blocks = [np.arange(start, min(start + BLOCK, len(histories))) for start in range(0, len(histories), BLOCK)]
    return np.concatenate([encoder.encode(histories.take(block), attributes.take(block)) for block in blocks])


def popularity(people: People, items: int) -> np.ndarray:
    """int32 (items): how many times each row was liked."""
    return np.bincount(people.liked.items, minlength=items).astype(np.int32)
