"""Lists of items like one item, as a user would see them."""

from __future__ import annotations

import numpy as np

from tasks.core.data.histories import Histories


def newest_likes(histories: Histories) -> np.ndarray:
    """int32 (users): the newest item of each; every user has one."""
    return histories.items[histories.offsets[1:] - 1]


def are_listed(items: np.ndarray, histories: Histories) -> np.ndarray:
    """bool (users, n): whether each of some items of a user is in the user's history.

    Args:
        items: int (users, n); −1, an empty place, is in none.
    """
    stride = int(max(items.max(initial=0), histories.items.max(initial=0))) + 1
    keys = np.arange(len(items), dtype=np.int64)[:, None] * stride + items
    listed = np.isin(keys, histories.users().astype(np.int64) * stride + histories.items)
    return np.asarray(listed & (items >= 0))


def unseen_neighbours(
    neighbours: np.ndarray, items: np.ndarray, seen: Histories, k: int
) -> np.ndarray:
    """int32 (users, k): the first neighbours that a user has not seen, −1 for an empty place.

    Args:
        neighbours: int32 (users, n), best first, −1 for an empty place.
        items: int (users), what they are neighbours of, which is never shown.
        seen: item rows of each user.
    """
    hidden = are_listed(neighbours, seen)
    hidden |= (neighbours < 0) | (neighbours == np.asarray(items)[:, None])
    order = np.argsort(hidden, axis=1, kind="stable")[:, :k]
    shown = np.where(
        np.take_along_axis(hidden, order, axis=1), -1, np.take_along_axis(neighbours, order, axis=1)
    )
    made = np.full((len(neighbours), k), -1, np.int32)
    made[:, : shown.shape[1]] = shown
    return made
