"""Item vectors as any trainer leaves them."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class ItemVectors:
    """Input and output vectors of the items that training met.

    Attributes:
        rows: int32 (n), their rows in the item table, ascending.
        inputs: float32 (n, d), of an item as context of a query.
        outputs: float32 (n, d), of an item as what is predicted; zero vectors are not here.
    """

    rows: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray

    def positions(self, items: int) -> np.ndarray:
        """int32 (items): the place in `rows` of each row of the item table, −1 for an item without
        a vector.
        """
        return row_positions(self.rows, items)


def row_positions(rows: np.ndarray, items: int) -> np.ndarray:
    """int32 (items): the place in `rows` of each row of the item table, −1 for one that is not
    among them.
    """
    positions = np.full(items, -1, np.int32)
    positions[rows] = np.arange(len(rows))
    return positions
