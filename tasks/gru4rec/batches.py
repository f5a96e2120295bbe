"""From histories to packed batches: every position is trained in every epoch, and no position is
padding.

Beside it, to compare with, the layout of the first versions: one random position a user, after the
items before it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from tasks.core.data.histories import Histories

# share of a length: enough to mix neighbours from epoch to epoch, little enough to keep steps full
WINDOW_JITTER = 0.2


@dataclasses.dataclass(frozen=True)
class Batch:
    """Windows side by side: all their first positions, then all second ones, …; longest window
    first within a step.

    Attributes:
        inputs: int64 (n), items that are read.
        targets: int64 (m), what came after each position asked for.
        widths: windows that have a first, second, … position; never rising, sums to n.
        query_rows: int64 (m), rows of `inputs`; None: all, m = n.
        whole: positions asked for in all parts of a batch that several processes share; m when
            there is one.
        others: int64, what all parts read and ask for; None: there is one part.
    """

    inputs: np.ndarray
    targets: np.ndarray
    widths: list[int]
    query_rows: np.ndarray | None
    whole: int
    others: np.ndarray | None = None


def positions(histories: Histories, one: bool = False) -> int:
    """Pairs of an item and its successor that an epoch trains."""
    own = np.maximum(histories.lengths - 1, 0)
    return int(np.count_nonzero(own) if one else own.sum())


def batches(
    histories: Histories,
    window: int,
    size: int,
    random: np.random.Generator,
    one: bool = False,
    part: tuple[int, int] = (0, 1),
    horizon: int = 1,
) -> Iterator[Batch]:
    """One epoch in windows of alike length, batches of about `size` positions read, in random
    order.

    All positions are trained once; with `one` only a random one of each history. `part` (i, p)
    gives every p-th window of each batch from the i-th on, which may be none. `horizon`: see
    `following`.
    """
    after = following(histories, horizon, random)
    starts, lengths = (
        one_each(histories, window, random) if one else windows(histories, window, random)
    )
    order = np.argsort(-lengths * (1 + WINDOW_JITTER * random.random(len(lengths))))
    bins = (np.cumsum(lengths[order]) - 1) // size
    groups = np.split(order, np.flatnonzero(np.diff(bins)) + 1) if len(order) else []
    for group in random.permutation(len(groups)):
        chosen = groups[group]
        chosen = chosen[np.argsort(-lengths[chosen], kind="stable")]
        mine, whole = chosen[part[0] :: part[1]], len(chosen) if one else int(lengths[chosen].sum())
        batch = pack(histories.items, after, starts[mine], lengths[mine], one, whole)
        if part[1] > 1:
            of_all = pack(histories.items, after, starts[chosen], lengths[chosen], one)
            batch = dataclasses.replace(
                batch, others=np.concatenate([of_all.inputs, of_all.targets])
            )
        yield batch


def following(histories: Histories, horizon: int, random: np.random.Generator) -> np.ndarray:
    """int32 (rows): what each row is to predict, the item after it or one drawn of the next
    `horizon`; of a history's last row nothing.

    Whoever is asked what somebody will like this week, not next, learns it better so (Pancha et al.
    2022, "dense all action loss", of which one action is drawn here).
    """
    rows, ends = (
        np.arange(len(histories.items)),
        np.repeat(histories.offsets[1:], histories.lengths),
    )
    if horizon == 1:
        return histories.items[np.minimum(rows + 1, len(rows) - 1)]
    steps = np.minimum(ends - 1 - rows, horizon)
    return histories.items[
        np.minimum(rows + 1 + (random.random(len(rows)) * steps).astype(np.int64), ends - 1)
    ]


def windows(
    histories: Histories, window: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut every history into windows of at most `window` positions, the first of a long one at a
    random length.

    Returns:
        starts: int64 (w), row of each window's first input in `histories.items`.
        lengths: int64 (w), its positions, at least 1; together they cover each position exactly
            once.
    """
    own = np.maximum(histories.lengths - 1, 0)
    first = np.where(own > window, random.integers(1, window + 1, len(own)), own)
    pieces = (own > 0) + -(-(own - first) // window)
    user = np.repeat(np.arange(len(own)), pieces)
    number = np.arange(len(user)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin = np.where(number == 0, 0, first[user] + (number - 1) * window)
    end = np.minimum(first[user] + number * window, own[user])
    return histories.offsets[user] + begin, end - begin


def one_each(
    histories: Histories, window: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """For each history of two items or more the window that ends at a random position; as
    `windows`.
    """
    own = np.maximum(histories.lengths - 1, 0)
    filled = np.flatnonzero(own)
    end = random.integers(1, own[filled] + 1)
    begin = np.maximum(end - window, 0)
    return histories.offsets[filled] + begin, end - begin


def pack(
    items: np.ndarray,
    after: np.ndarray,
    starts: np.ndarray,
    lengths: np.ndarray,
    last: bool = False,
    whole: int | None = None,
) -> Batch:
    """The windows of these rows of `items`, longest first, as one batch; `after` is what each row
    is to predict. With `last` only their last positions are asked for."""
    widths = np.searchsorted(-lengths, -np.arange(lengths.max(initial=0)), side="left")
    begin = np.cumsum(widths) - widths
    step = np.repeat(np.arange(len(widths)), widths)
    position = np.arange(len(step)) - np.repeat(begin, widths)
    rows = starts[position] + step
    query_rows = begin[lengths - 1] + np.arange(len(lengths)) if last else None
    trained = rows if query_rows is None else rows[query_rows]
    return Batch(
        items[rows].astype(np.int64),
        after[trained].astype(np.int64),
        widths.tolist(),
        query_rows,
        whole or len(trained),
    )
