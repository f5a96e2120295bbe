"""Coverage of the catalogue at k."""

from __future__ import annotations

import numpy as np


def coverage(lists: np.ndarray, items: int) -> float:
    """Share of the catalogue that is in at least one user's list.

    Ge, Delgado-Battenfeld & Jannach 2010. It grows with the number of users: compare on the same
    users only.

    Args:
        lists: int (users, k), item rows, −1 for an empty place.
        items: the size of the catalogue.

    Returns:
        0 to 1.
    """
    shown = np.zeros(items + 1, bool)
    shown[lists.ravel()] = True  # an empty place, −1, marks the last, extra entry
    return float(shown[:items].sum() / items)
