"""Share of genres in common with an item, at k."""

from __future__ import annotations

import numpy as np

BLOCK_USERS = 4096


def genre_share(items: np.ndarray, lists: np.ndarray, features: np.ndarray | None) -> np.ndarray:
    """The mean over a list of the genres in common of an item and one that is shown, as a share of
    the genres of either (Jaccard 1901).

    Args:
        items: int (users), item rows.
        lists: int (users, k), item rows, −1 for an empty place.
        features: float (items, genres), above 0 where an item has a genre; None: no item has any.

    Returns:
        float64 (users), 0 to 1; NaN for an empty list, an item without a genre, or no genres.
    """
    shares = np.full(len(items), np.nan)
    if features is None:
        return shares
    has = (features > 0).astype(np.float32)
    sizes = has.sum(axis=1)
    for start in range(0, len(items), BLOCK_USERS):
        block = slice(start, start + BLOCK_USERS)
        own, shown = items[block], lists[block]
        common = np.einsum("ug,ukg->uk", has[own], has[shown])
        either = sizes[own, None] + sizes[shown] - common
        share = np.where(shown >= 0, common / np.maximum(either, 1), 0).sum(axis=1)
        count = (shown >= 0).sum(axis=1)
        defined = (count > 0) & (sizes[own] > 0)
        shares[block][defined] = share[defined] / count[defined]
    return shares
