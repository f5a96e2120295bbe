"""The tail of the catalogue: its share of the lists, and the recall of its labels."""

from __future__ import annotations

import numpy as np

HEAD = 0.2  # of the items, the most popular ones


def tail_of(order: np.ndarray, head: float = HEAD) -> np.ndarray:
    """The items of the tail: bool (items).

    The head is the most popular fifth, after Abdollahpouri, Burke & Mobasher 2017.

    Args:
        order: int (items), rows from the most to the least popular.
        head: share of the items that are head, rounded up.
    """
    tail = np.ones(len(order), bool)
    tail[order[: int(np.ceil(head * len(order)))]] = False
    return tail


def tail_share(lists: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """Share of the k places that hold an item of the tail; an empty place holds none.

    Args:
        lists: int (users, k), item rows, −1 for an empty place.
        tail: bool (items).

    Returns:
        float64 (users), 0 to 1.
    """
    return (tail[lists] & (lists >= 0)).mean(axis=1)


def recall_of(
    lists: np.ndarray, hits: np.ndarray, part: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Recall over the labels of one part of the catalogue: Σ hits in it / labels in it.

    Args:
        lists: int (users, k), item rows.
        hits: bool (users, k), the place holds a label.
        part: bool (items).
        wanted: int (users), different labels of each user that are in the part.

    Returns:
        float64 (users), 0 to 1; NaN for a user without a label in the part.
    """
    hits_in_part = (hits & part[lists]).sum(axis=1)
    return np.divide(hits_in_part, wanted, out=np.full(len(lists), np.nan), where=wanted > 0)
