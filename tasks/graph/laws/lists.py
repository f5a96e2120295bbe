"""Lists of different items per user and of users per item, which two laws share."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.histories import Histories


@dataclasses.dataclass(frozen=True)
class UserLists:
    """The (user, item) pairs that lead to another item, by item, users in order.

    Attributes:
        offsets: int64 (items + 1).
        users, items: int32 (pairs).
        rows: int64 (pairs), where each stands in the lists.
    """

    offsets: np.ndarray
    users: np.ndarray
    items: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, own: Histories, items: int) -> UserLists:
        """The different items of each user.

        A user with one item leads nowhere; an item that only such users have is isolated.
        """
        rows = np.flatnonzero(np.repeat(own.lengths >= 2, own.lengths))
        rows = rows[np.argsort(own.items[rows], kind="stable")]
        offsets = np.zeros(items + 1, np.int64)
        np.cumsum(np.bincount(own.items[rows], minlength=items), out=offsets[1:])
        return cls(offsets, own.users()[rows], own.items[rows], rows)


def entrance_weights(strength: np.ndarray, entrance: str) -> np.ndarray:
    """A weight an item: its strength, or 1 for every item that is not isolated."""
    return strength if entrance == "strength" else (strength > 0).astype(np.float64)
