"""The weights under which the sum of the members' scores ranks best what validation users did
next.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.retrieval.top_k import count_above

STEP_SIZES = (
    1.0,
    0.5,
    0.25,
)  # a weight is tried so much larger and smaller; halved when nothing helps any more
FIRST_WEIGHT = 0.1  # of all, what a weight of zero is tried with


@dataclasses.dataclass(frozen=True)
class WeightsFound:
    """Non-negative weights that sum to one, and how well they rank."""

    weights: np.ndarray
    ndcg: float


class Ranking:
    """Ranks what users wanted by weighted sums of scores.

    The figure that decides is NDCG over the whole ranking, no cut-off: a label at place 80 that
    comes to 60 counts too, so it tells weights apart that recall@50 of a few hundred users with a
    label each cannot.

    Args:
        scores: float32 (members, users, items).
        labels, seen: places in `items`, one list a user; a label that no member knows is not here.
        expected: int64 (users), labels of each, the unknown ones included.
    """

    def __init__(
        self, scores: np.ndarray, labels: Histories, seen: Histories, expected: np.ndarray
    ) -> None:
        self.scores, self.expected = scores, expected
        self.labels, self.seen = (labels.users(), labels.items), (seen.users(), seen.items)
        self._offsets = labels.offsets.tolist()
        most = np.cumsum(1 / np.log2(np.arange(2, int(expected.max(initial=1)) + 2)))
        self._ideal = most[expected - 1]

    def ranks(self, weights: np.ndarray) -> np.ndarray:
        """int64 (labels): how many unseen items stand above each."""
        fused = np.tensordot(weights.astype(np.float32), self.scores, 1)
        fused[self.seen] = -np.inf
        found = np.empty(len(self.labels[0]), np.int64)
        for row, begin, end in zip(fused, self._offsets[:-1], self._offsets[1:], strict=True):
            found[begin:end] = count_above(row, row[self.labels[1][begin:end]])
        return found

    def ndcg(self, weights: np.ndarray) -> float:
        """Mean over users."""
        gains = np.bincount(
            self.labels[0], 1 / np.log2(self.ranks(weights) + 2.0), len(self.expected)
        )
        return float((gains / self._ideal).mean())

    def recall(self, weights: np.ndarray, k: int = 50) -> float:
        """Mean over users of the labels among the first k."""
        return float(
            (
                np.bincount(self.labels[0], self.ranks(weights) < k, len(self.expected))
                / self.expected
            ).mean()
        )


def search_weights(
    ranking: Ranking, random: np.random.Generator, rounds: int = 100
) -> WeightsFound:
    """Coordinate search from several starts: all alike, and each member with most of the weight; a
    weight is raised, lowered or dropped while that helps, in steps that grow finer.

    Args:
        random: the order in which weights are tried.
        rounds: over all weights, of each step, at most.
    """
    members, known = len(ranking.scores), {}

    def ndcg(weights: np.ndarray) -> float:
        key = tuple(np.round(weights / weights.sum(), 4))
        if key not in known:
            known[key] = ranking.ndcg(np.array(key))
        return known[key]

    best: WeightsFound | None = None
    for start in (np.ones(members), *(np.eye(members) + 1 / (4 * members))):
        weights = start / start.sum()
        found = WeightsFound(weights, ndcg(weights))
        for step in STEP_SIZES:
            for _ in range(rounds):
                before = found.ndcg
                for member in random.permutation(members):
                    found = _move_weight(found, member, step, ndcg)
                if found.ndcg == before:
                    break
        if best is None or found.ndcg > best.ndcg + 1e-9:
            best = found
    assert best is not None, "every start has weights"
    return best


def _move_weight(
    found: WeightsFound, member: int, step: float, ndcg: Callable[[np.ndarray], float]
) -> WeightsFound:
    """Drop, lower and raise the weight of one member; what is better is kept."""
    start = found.weights[member]
    for value in (0.0, start / (1 + step), max(start * (1 + step), FIRST_WEIGHT * step)):
        tried = found.weights.copy()
        tried[member] = value
        if tried.sum() > 1e-9 and (better := ndcg(tried)) > found.ndcg + 1e-9:
            found = WeightsFound(tried / tried.sum(), better)
    return found
