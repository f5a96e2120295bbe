"""Histories: what every user did, oldest first, as one block of items with offsets (compressed sparse rows)."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Histories:
    """The items of `len(self)` users, in each user's own order of time, oldest first.

    Attributes:
        offsets: int64 (users + 1); user u has `items[offsets[u]:offsets[u + 1]]`.
        items: int32 (n), rows of the item table.
        timestamps: int64 (n), seconds since 1970; equal values where the source has no time.
    """

    offsets: np.ndarray
    items: np.ndarray
    timestamps: np.ndarray

    @classmethod
    def of(cls, users: np.ndarray, items: np.ndarray, timestamps: np.ndarray, count: int) -> "Histories":
        """From rows sorted by user, then time; `count` users in all."""
        offsets = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(users, minlength=count), out=offsets[1:])
        return cls(offsets, np.ascontiguousarray(items, np.int32), np.ascontiguousarray(timestamps, np.int64))

    @classmethod
    def of_lists(cls, lists: list) -> "Histories":
        """From one list of item rows per user."""
        offsets = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(one) for one in lists], out=offsets[1:])
        items = np.concatenate([np.asarray(one, np.int32) for one in lists]) if len(lists) else np.zeros(0, np.int32)
        return cls(offsets, items.astype(np.int32), np.arange(len(items), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, user: int) -> np.ndarray:
        return self.items[self.offsets[user]:self.offsets[user + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """int64 (users)."""
        return np.diff(self.offsets)

    def users(self) -> np.ndarray:
        """int32 (n): the user of each row."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    def where(self, keep: np.ndarray) -> "Histories":
        """Only the rows marked in `keep` (bool, n); every user stays, some with nothing."""
        offsets = np.zeros(len(self) + 1, np.int64)
        np.cumsum(np.bincount(self.users()[keep], minlength=len(self)), out=offsets[1:])
        return Histories(offsets, self.items[keep], self.timestamps[keep])

    def take(self, users: np.ndarray) -> "Histories":
        """The users of these rows, in this order."""
        if len(users) == len(self) and np.array_equal(users, np.arange(len(self))):
            return self
        lengths = self.lengths[users]
        offsets = np.zeros(len(users) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths) + np.repeat(self.offsets[users], lengths)
        return Histories(offsets, self.items[rows], self.timestamps[rows])

    def renamed(self, rows: np.ndarray) -> "Histories":
        """Items replaced by `rows[item]`; those mapped to a negative row are dropped."""
        items = rows[self.items] if len(self.items) else self.items
        kept = self.where(items >= 0)
        return dataclasses.replace(kept, items=items[items >= 0].astype(np.int32))
