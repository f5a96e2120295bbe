"""Metrics of ranked lists: one value for each user and metric, and their means."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.histories import Histories
from tasks.evaluate import kernel
from tasks.evaluate.lists import Lists
from tasks.evaluate.metrics import ACCURACY, ACCURACY_INCLUDING_SEEN
from tasks.evaluate.metrics.coverage import coverage
from tasks.evaluate.metrics.diversity import diversity
from tasks.evaluate.metrics.popularity_rank import mean_popularity_rank
from tasks.evaluate.metrics.tail import recall_of, tail_of, tail_share

BLOCK_USERS = 8192  # users measured at a time, so that memory does not grow with their number


@dataclasses.dataclass(frozen=True)
class ItemPopularity:
    """Popularity and genres of the items of a snapshot, which the metrics of every model share.

    Attributes:
        order: int (items), rows from the most to the least popular; equal counts by row.
        tail: bool (items), see `metrics.tail`.
        features: float (items, f), unit rows, one column a genre; None when no item has any.
    """

    order: np.ndarray
    tail: np.ndarray
    features: np.ndarray | None

    @classmethod
    def of(cls, counts: np.ndarray, genres: list[list[str] | None]) -> ItemPopularity:
        order = np.argsort(-counts, kind="stable")
        names = sorted({name for genres_of_item in genres for name in genres_of_item or ()})
        if not names:
            return cls(order, tail_of(order), None)
        column = {name: i for i, name in enumerate(names)}
        features = np.zeros((len(genres), len(names)))
        for row, genres_of_item in enumerate(genres):
            features[row, [column[name] for name in genres_of_item or ()]] = 1.0
        features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        return cls(order, tail_of(order), features)


@dataclasses.dataclass(frozen=True)
class Metrics:
    """Metrics of one model.

    Attributes:
        per_user: metric → float64 (users), NaN where it is not defined.
        overall: metric → mean over users, or a figure of all lists together; None without a value.
    """

    per_user: dict[str, np.ndarray]
    overall: dict[str, float | None]

    def among(self, users: np.ndarray) -> dict[str, float | None]:
        """The means over some of the users (bool)."""
        return {name: mean(values[users]) for name, values in self.per_user.items()}


@dataclasses.dataclass(frozen=True)
class Hits:
    """Hits of the labels in the lists.

    Attributes:
        found: bool (users, k), the place holds one of the user's labels.
        different, tail: int64 (users), different labels of each user, in all and in the tail.
    """

    found: np.ndarray
    different: np.ndarray
    tail: np.ndarray


def hits(lists: np.ndarray, labels: Histories, tail: np.ndarray) -> Hits:
    """Look the labels up in the lists. `tail`: bool (items)."""
    order = np.lexsort((labels.items, labels.users()))
    result = Hits(
        np.zeros(lists.shape, bool), np.zeros(len(lists), np.int64), np.zeros(len(lists), np.int64)
    )
    kernel.mark_hits(
        np.ascontiguousarray(lists, np.int32),
        labels.offsets,
        labels.items[order],
        result.found,
        result.different,
        tail,
        result.tail,
    )
    return result


def measure(lists: Lists, labels: Histories, catalogue: ItemPopularity) -> Metrics:
    """Every metric of one model. `labels` has at least one row for each user."""
    users, parts = len(lists.unseen), []
    for start in range(0, users, BLOCK_USERS):
        block = np.arange(start, min(start + BLOCK_USERS, users))
        unseen, including_seen = lists.unseen[block], lists.including_seen[block]
        parts.append(_block(unseen, including_seen, labels.select_users(block), catalogue))
    per_user = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    items = len(catalogue.order)
    return Metrics(
        per_user,
        {name: mean(values) for name, values in per_user.items()}
        | {f"coverage_{k}": coverage(lists.unseen[:, :k], items) for k in (10, 50)},
    )


def _block(
    unseen: np.ndarray, including_seen: np.ndarray, labels: Histories, catalogue: ItemPopularity
) -> dict[str, np.ndarray]:
    """metric → float64 (users), of some users."""
    shown, with_seen = (hits(lists, labels, catalogue.tail) for lists in (unseen, including_seen))
    figures = {
        name: function(shown.found[:, :k], shown.different)
        for name, (function, k) in ACCURACY.items()
    }
    figures |= {
        name: function(with_seen.found[:, :k], shown.different)
        for name, (function, k) in ACCURACY_INCLUDING_SEEN.items()
    }
    figures["recall_50_head"] = recall_of(
        unseen, shown.found, ~catalogue.tail, shown.different - shown.tail
    )
    figures["recall_50_tail"] = recall_of(unseen, shown.found, catalogue.tail, shown.tail)
    figures["tail_share_50"] = tail_share(unseen, catalogue.tail)
    rank = np.empty(len(catalogue.order), np.int64)
    rank[catalogue.order] = np.arange(1, len(rank) + 1)
    figures["mean_popularity_rank_50"] = mean_popularity_rank(unseen, rank)
    if catalogue.features is not None:
        figures["diversity_10"] = diversity(unseen[:, :10], catalogue.features)
    return figures


def mean_over_seeds(several: list[Metrics]) -> Metrics:
    """Each user's mean over several trainings of one recipe, so that no lucky seed decides."""
    if len(several) == 1:
        return several[0]
    per_user = {
        name: np.mean([seed.per_user[name] for seed in several], axis=0)
        for name in several[0].per_user
    }
    overall = {
        name: None
        if any(seed.overall[name] is None for seed in several)
        else float(np.mean([seed.overall[name] for seed in several]))
        for name in several[0].overall
    }
    return Metrics(per_user, overall)


def mean(values: np.ndarray) -> float | None:
    """The mean of the defined values, or None."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None
