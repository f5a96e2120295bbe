"""Differences between yesterday's graph and today's lists: which users, from which position on."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.histories import Histories


@dataclasses.dataclass(frozen=True)
class RowMapping:
    """Yesterday's rows → today's rows: int64, −1 for an id that is gone.

    Both tables are in the order of their ids, so `rows` ascends.
    """

    rows: np.ndarray

    @classmethod
    def of(cls, before: list[str], now: list[str]) -> RowMapping | None:
        """None where the order of the ids is another (whole numbers have become texts)."""
        row_of_id = {id: row for row, id in enumerate(now)}
        rows = np.array([row_of_id.get(id, -1) for id in before], np.int64)
        return cls(rows) if (np.diff(rows[rows >= 0]) > 0).all() else None


@dataclasses.dataclass(frozen=True)
class Changes:
    """The users whose lists differ, those who are gone among them.

    Attributes:
        before, now: their lists, in today's item rows; an item that is gone is −1.
        since: int64 (users), the first position at which they differ.
    """

    before: Histories
    now: Histories
    since: np.ndarray

    @classmethod
    def of(cls, before: Histories, now: Histories, users: RowMapping, items: RowMapping) -> Changes:
        """Compare lists in yesterday's rows with lists in today's.

        Timestamps within one day must be equal already.
        """
        kept, gone = np.flatnonzero(users.rows >= 0), np.flatnonzero(users.rows < 0)
        order = np.full(len(now) + len(gone), -1)
        order[users.rows[kept]], order[len(now) :] = kept, gone
        old = _reorder(before, order, items)
        new = Histories(
            np.append(now.offsets, np.full(len(gone), now.offsets[-1])), now.items, now.timestamps
        )
        since = _common(old, new)
        changed = np.flatnonzero(since < np.maximum(old.lengths, new.lengths))
        return cls(old.select_users(changed), new.select_users(changed), since[changed])


def _reorder(before: Histories, order: np.ndarray, items: RowMapping) -> Histories:
    """Users in this order (−1: nobody, an empty list), items in today's rows."""
    renamed = items.rows[before.items].astype(np.int32) if len(items.rows) else before.items
    with_nobody = Histories(
        np.append(before.offsets, before.offsets[-1]), renamed, before.timestamps
    )
    return with_nobody.select_users(np.where(order < 0, len(before), order))


def _common(old: Histories, new: Histories) -> np.ndarray:
    """int64 (users): how many places agree, from the first on."""
    common = np.minimum(old.lengths, new.lengths)
    users = np.repeat(np.arange(len(common)), common)
    position = np.arange(len(users)) - np.repeat(np.cumsum(common) - common, common)
    one, other = old.offsets[users] + position, new.offsets[users] + position
    differ = (old.items[one] != new.items[other]) | (old.timestamps[one] != new.timestamps[other])
    np.minimum.at(common, users[differ], position[differ])
    return common
