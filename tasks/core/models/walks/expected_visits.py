"""Expected visits of each item by random walks, computed exactly, to compare counted walks with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.data.graph import Cooccurrence, Tables

CERTAIN = 2.0**32


def expected_visits(tables: Tables, length: int) -> np.ndarray:
    """float64 (items): expected visits in one walk of `length` items, Σ_t e P^t for t = 0 … length
    − 1; they sum to `length`.
    """
    entrance = np.asarray(tables.entrance)
    mass = alias_matrix(np.array([0, len(entrance)]), entrance, tables.items).toarray()[0]
    step, visits = _step_of(tables), mass.copy()
    for _ in range(length - 1):
        mass = step(mass)
        visits += mass
    return visits


def alias_matrix(offsets: np.ndarray, slots: np.ndarray, targets: int) -> csr_matrix:
    """(rows, targets): the probabilities that the alias tables of `rows` stand for, those of a row
    summing to 1.

    Args:
        offsets: int64 (rows + 1).
        slots: uint32 (n, 3): threshold, one, other (`tasks.core.data.graph`).
    """
    counts = np.diff(offsets)
    rows = np.repeat(np.arange(len(counts)), counts)
    kept, share = slots[:, 0] / CERTAIN, 1 / np.maximum(counts, 1)[rows]
    entries = np.concatenate([kept * share, (1 - kept) * share])
    return csr_matrix(
        (entries, (np.concatenate([rows, rows]), slots[:, 1:].T.ravel().astype(np.int64))),
        (len(counts), targets),
    )


def _step_of(tables: Tables) -> Callable[[np.ndarray], np.ndarray]:
    """The function that takes a distribution of walks one step on: mass → mass · P."""
    if not isinstance(tables, Cooccurrence):
        matrix = alias_matrix(
            np.asarray(tables.item_offsets), np.asarray(tables.slots), tables.items
        ).T.tocsr()
        return lambda mass: matrix @ mass
    users = len(tables.user_offsets) - 1
    to_users = alias_matrix(
        np.asarray(tables.item_offsets), np.asarray(tables.slots), users
    ).tocoo()
    weights = np.asarray(
        getattr(tables, "row_weights", np.ones(len(tables.user_items))), np.float64
    )
    owners = np.repeat(np.arange(users), np.diff(tables.user_offsets))
    total = np.bincount(owners, weights=weights, minlength=users)
    item, user = to_users.row, to_users.col
    own = weights[_rows_of(item, user, np.asarray(tables.user_items), owners)]
    share = to_users.data / np.maximum(total[user] - own, 1e-300)

    def step(mass: np.ndarray) -> np.ndarray:
        """From i to a user u, then to one of u's other items j by weight: b_uj (Σ_i f_iu − f_ju),
        f_iu = m_i P(u | i) / (Σ_k b_uk − b_ui).
        """
        flows = mass[item] * share
        gathered = np.bincount(user, weights=flows, minlength=users)
        reached = np.bincount(
            tables.user_items, weights=weights * gathered[owners], minlength=tables.items
        )
        return np.maximum(
            reached - np.bincount(item, weights=flows * own, minlength=tables.items), 0
        )

    return step


def _rows_of(
    items: np.ndarray, users: np.ndarray, user_items: np.ndarray, owners: np.ndarray
) -> np.ndarray:
    """int64: the row of each user and item among the users' lists."""
    stride = int(user_items.max(initial=0)) + 1
    keys = owners.astype(np.int64) * stride + user_items
    order = np.argsort(keys)
    return order[np.searchsorted(keys[order], users.astype(np.int64) * stride + items)]
