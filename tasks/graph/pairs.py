"""Pairs of items near each other in a user's list, summed in sparse matrices.

Weights are whole numbers, so sums do not depend on their order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
import scipy.sparse

from tasks.core.data.histories import Histories

PLACE_UNIT, AGE_UNIT = 1024, 2**20
DAY_SECONDS = 86_400


@dataclasses.dataclass(frozen=True)
class PairWeights:
    """The weight of a pair of positions; see `tasks.core.models.walks.window`.

    Attributes:
        window: places apart at most.
        half_life_places: places after the first after which a pair weighs half; none: all alike.
        half_life_days: days after which a pair weighs half; none: age does not matter, and every
            pair counts as of day 0.
    """

    window: int
    half_life_places: float | None = None
    half_life_days: float | None = None

    def by_places(self) -> np.ndarray:
        """int64 (window): the weight of a pair 1, 2, … places apart."""
        apart = np.arange(self.window)
        return np.rint(
            PLACE_UNIT
            * 2.0 ** -(apart / self.half_life_places if self.half_life_places else 0 * apart)
        ).astype(np.int64)

    def by_age(self, days: np.ndarray, today: int) -> np.ndarray:
        """int64: the factor of pairs of these days (since 1970); 1 if age does not matter."""
        if not self.half_life_days:
            return np.ones(len(days), np.int64)
        return np.rint(
            AGE_UNIT * 2.0 ** -(np.maximum(today - days, 0) / self.half_life_days)
        ).astype(np.int64)

    def days(self, histories: Histories) -> np.ndarray:
        """int32 (rows): days since 1970, or 0 where age does not matter."""
        return (
            histories.timestamps // DAY_SECONDS
            if self.half_life_days
            else np.zeros(len(histories.items))
        ).astype(np.int32)


@dataclasses.dataclass(frozen=True)
class DailyEdges:
    """Weights by source, target and day, sorted in this order.

    `sources`, `targets`, `days` (int32) and `weights` (int64) have one length.
    """

    sources: np.ndarray
    targets: np.ndarray
    days: np.ndarray
    weights: np.ndarray


def pairs(
    histories: Histories, nearness: PairWeights, since: np.ndarray | None = None
) -> Iterator[tuple]:
    """Yield pairs of positions, one distance at a time.

    Each is: items of the earlier position, items of the later one, days of the later day,
    weight (one number).

    Args:
        since: int64 (users): only pairs whose later position in the list is this or later.
    """
    users, days = histories.users(), nearness.days(histories)
    position = np.arange(len(users)) - histories.offsets[:-1][users]
    for apart, weight in enumerate(nearness.by_places().tolist(), 1):
        keep = (users[:-apart] == users[apart:]) & (
            histories.items[:-apart] != histories.items[apart:]
        )
        keep &= (histories.items[:-apart] >= 0) & (histories.items[apart:] >= 0)
        if since is not None:
            keep &= position[apart:] >= since[users[apart:]]
        if weight and keep.any():
            yield (
                histories.items[:-apart][keep],
                histories.items[apart:][keep],
                np.maximum(days[:-apart], days[apart:])[keep],
                weight,
            )


def both_directions(parts: Iterable[tuple]) -> Iterator[tuple]:
    """Pairs in both directions."""
    for one, other, day, weight in parts:
        yield one, other, day, weight
        yield other, one, day, weight


def sum_pairs(parts: Iterable[tuple], low: int, high: int, items: int) -> DailyEdges:
    """Sum edges whose source is in [`low`, `high`); edges that sum to 0 are left out.

    Args:
        parts: sources, targets, days and weights (an array or one number).
        items: targets are below it.
    """
    columns: list[list[np.ndarray]] = [[np.zeros(0, np.int64)] for _ in range(4)]
    for source, *others, weight in parts:
        mine = (source >= low) & (source < high)
        for column, values in zip(
            columns,
            (source, *others, np.broadcast_to(np.asarray(weight, np.int64), len(source))),
            strict=True,
        ):
            column.append(values[mine])
    sources, targets, days, weights = map(np.concatenate, columns)
    first = int(days.min(initial=0 if not len(days) else days[0]))
    span = int(days.max(initial=first)) - first + 1
    matrix = scipy.sparse.coo_array(
        (weights, (sources - low, targets.astype(np.int64) * span + (days - first))),
        (high - low, items * span),
    ).tocsr()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    found = np.repeat(np.arange(low, high, dtype=np.int32), np.diff(matrix.indptr))
    return DailyEdges(
        found,
        (matrix.indices // span).astype(np.int32),
        (matrix.indices % span + first).astype(np.int32),
        matrix.data,
    )
