"""A planted graph of five items and an isolated sixth under every law, and the laws themselves by
plain counting.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tasks.core.data.graph import Cooccurrence, Tables, Window
from tasks.core.data.histories import Histories
from tasks.core.store.arrays import load
from tasks.graph.edges import write_rows
from tasks.graph.laws.degree_penalised import build_degree_penalised
from tasks.graph.laws.window import write_edges
from tasks.graph.pairs import PairWeights

LIKES = [[0, 1, 2], [1, 2], [2, 3, 4, 0]]
ITEMS, PENALTY, NEAR = 6, 0.5, PairWeights(2, half_life_places=1)

# The slots of the law `cooccurrence` written out by hand, any order of users will do.
ALWAYS = 2**32 - 1
FIVE = Cooccurrence(
    item_offsets=np.array([0, 2, 4, 7, 8, 9, 9]),
    slots=np.array(
        [
            [round(0.8 * 2**32), 0, 2],
            [ALWAYS, 2, 2],  # item 0: users 0, 2 with weights 2, 3
            [ALWAYS, 0, 0],
            [round(2 / 3 * 2**32), 1, 0],  # item 1: users 0, 1 with weights 2, 1
            [ALWAYS, 0, 0],
            [round(0.5 * 2**32), 1, 2],
            [ALWAYS, 2, 2],  # item 2: users 0, 1, 2 with weights 2, 1, 3
            [ALWAYS, 2, 2],
            [ALWAYS, 2, 2],
        ],
        np.uint32,
    ),
    entrance=np.array(
        [
            [ALWAYS, 0, 0],
            [round(0.75 * 2**32), 1, 0],
            [ALWAYS, 2, 2],  # weights 5, 3, 6, 3, 3
            [round(0.75 * 2**32), 3, 2],
            [round(0.75 * 2**32), 4, 2],
        ],
        np.uint32,
    ),
    user_offsets=np.array([0, 3, 5, 9]),
    user_items=np.array([0, 1, 2, 1, 2, 2, 3, 4, 0], np.int32),
)


def window_tables(
    histories: Histories,
    items: int,
    nearness: PairWeights,
    today: int = 0,
    entrance: str = "strength",
) -> Tables:
    """The arrays of the law `window`, by way of its files."""
    with tempfile.TemporaryDirectory() as folder:
        write_edges(Path(folder), histories, items, nearness)
        write_rows(Path(folder), items, nearness, today, entrance)
        return Window(
            *(load(Path(folder) / f"{name}.npy") for name in ("item_offsets", "slots", "entrance"))
        )


def five() -> dict[str, Tables]:
    """The planted graph by law."""
    histories = Histories.of_lists(LIKES)
    return {
        "cooccurrence": FIVE,
        "degree-penalised": build_degree_penalised(histories, ITEMS, PENALTY),
        "window": window_tables(histories, ITEMS, NEAR),
    }


def together(likes: list, items: int) -> np.ndarray:
    """w(i, j): users who liked both."""
    w = np.zeros((items, items))
    for one in likes:
        for i in set(one):
            for j in set(one) - {i}:
                w[i, j] += 1
    return w


def penalised(likes: list, items: int, penalty: float) -> np.ndarray:
    """p(i)^−β · w(i, j) · p(j)^−β: its rows are the law up to a factor, its row sums where the law
    comes to rest.
    """
    liked = np.array([sum(i in one for one in likes) for i in range(items)])
    weights = np.maximum(liked, 1.0) ** -penalty
    return weights[:, None] * together(likes, items) * weights


def near(
    likes: list, items: int, nearness: PairWeights, days: list | None = None, today: int = 0
) -> np.ndarray:
    """v(i, j), both factors rounded as the law says."""
    v = np.zeros((items, items))
    for user, one in enumerate(likes):
        for p, i in enumerate(one):
            for apart, j in enumerate(one[p + 1 : p + 1 + nearness.window], 1):
                if i != j:
                    weight = (
                        round(1024 * 2 ** -((apart - 1) / nearness.half_life_places))
                        if nearness.half_life_places
                        else 1024
                    )
                    if nearness.half_life_days:
                        age = max(today - max(days[user][p], days[user][p + apart]), 0)
                        weight *= round(2**20 * 2 ** -(age / nearness.half_life_days))
                    v[i, j] += weight
                    v[j, i] += weight
    return v


def weights() -> dict[str, np.ndarray]:
    """The planted graph's symmetric weights by law."""
    return {
        "cooccurrence": together(LIKES, ITEMS),
        "degree-penalised": penalised(LIKES, ITEMS, PENALTY),
        "window": near(LIKES, ITEMS, NEAR),
    }


def implied(tables: Tables) -> np.ndarray:
    """(items, items): the law that alias tables imply, exactly; over lists, P(user) of each item,
    then of its other items.
    """
    law = np.zeros((tables.items, tables.items))
    for i in range(tables.items):
        for reached, share in enumerate(
            _shares(tables.slots[tables.item_offsets[i] : tables.item_offsets[i + 1]])
        ):
            if share and isinstance(tables, Window):
                law[i, reached] += share
            elif share:
                items = tables.user_items[
                    tables.user_offsets[reached] : tables.user_offsets[reached + 1]
                ]
                weight = (
                    tables.row_weights[
                        tables.user_offsets[reached] : tables.user_offsets[reached + 1]
                    ]
                    if hasattr(tables, "row_weights")
                    else np.ones(len(items))
                )
                law[i, items[items != i]] += share * (weight / weight[items != i].sum())[items != i]
    return law


def _shares(slots: np.ndarray) -> np.ndarray:
    shares = np.zeros(int(slots[:, 1:].max(initial=0)) + 1)
    for threshold, one, other in slots.tolist():
        shares[one] += threshold / 2**32 / len(slots)
        shares[other] += (1 - threshold / 2**32) / len(slots)
    return shares
