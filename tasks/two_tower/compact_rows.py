"""A step on the rows that it reads: of large tables, few."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch

from tasks.core.torch.row_adamw import RowAdamW
from tasks.two_tower.model import TwoTower

TABLES = (
    "item_ids",
    "item_values",
    "user_ids",
    "user_values",
)  # they grow with the world; all other tensors are as large for every world
ROWS_FROM = 20_000  # rows of a table of which a step moves only what it reads


def large(model: TwoTower) -> list[str]:
    """The tables of which a step moves only what it reads."""
    return [name for name in TABLES if len(getattr(model, name)) >= ROWS_FROM]


@contextlib.contextmanager
def keep_used_rows(
    model: TwoTower, optimiser: RowAdamW, **indices: np.ndarray
) -> Iterator[list[np.ndarray]]:
    """While the context lasts, the model's tables that `optimiser` moves by row hold only the rows
    that are used.

    Args:
        indices: int64, rows of each table by its name, each as often as it is needed.

    Yields:
        The indices of each table, as positions among the rows that it holds now.
    """
    found = {
        name: np.unique(rows, return_inverse=True)
        for name, rows in indices.items()
        if name in optimiser.tables
    }
    whole = {name: getattr(model, name) for name in found}
    parts = optimiser.read(
        {name: torch.from_numpy(rows).to(whole[name].device) for name, (rows, _) in found.items()}
    )
    try:
        for name, part in parts.items():
            setattr(model, name, part)
        yield [found[name][1] if name in found else rows for name, rows in indices.items()]
    finally:
        for name, table in whole.items():
            setattr(model, name, table)
