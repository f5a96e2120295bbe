"""From ranked lists to figures: one value a user and metric, and their means."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.histories import Histories
from tasks.evaluate.lists import Lists
from tasks.evaluate.metrics import ACCURACY, ACCURACY_KEPT
from tasks.evaluate.metrics.coverage import coverage
from tasks.evaluate.metrics.diversity import diversity
from tasks.evaluate.metrics.popularity_rank import mean_popularity_rank


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """What the metrics need to know of the items, taken from the snapshot and the same for every model.

    Attributes:
        order: int (items), rows from the most to the least popular; equal counts by row.
        features: float (items, f), unit rows, one column a genre; None when no item has any.
    """

    order: np.ndarray
    features: np.ndarray | None

    @classmethod
    def of(cls, counts: np.ndarray, genres: list[list[str] | None]) -> "Catalogue":
        names = sorted({name for one in genres for name in one or ()})
        if not names:
            return cls(np.argsort(-counts, kind="stable"), None)
        column = {name: i for i, name in enumerate(names)}
        features = np.zeros((len(genres), len(names)))
        for row, one in enumerate(genres):
            features[row, [column[name] for name in one or ()]] = 1.0
        features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        return cls(np.argsort(-counts, kind="stable"), features)


@dataclasses.dataclass(frozen=True)
class Measured:
    """`per_user`: metric → float64 (users), NaN where not defined; `overall`: metric → mean over users, or None."""

    per_user: dict[str, np.ndarray]
    overall: dict[str, float | None]


def hits(lists: np.ndarray, labels: Histories, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the labels stand.

    Returns:
        bool (users, k): the place holds one of the user's labels; int64 (users): different labels of each user.
    """
    wanted = np.unique(labels.users().astype(np.int64) * items + labels.items)
    asked = np.arange(len(lists), dtype=np.int64)[:, None] * items + lists
    found = np.minimum(np.searchsorted(wanted, asked), len(wanted) - 1)
    return (wanted[found] == asked) & (lists >= 0), np.bincount(wanted // items, minlength=len(lists))


def measure(lists: Lists, labels: Histories, catalogue: Catalogue) -> Measured:
    """Every metric of one model. `labels` has at least one row for each user."""
    items = len(catalogue.order)
    unseen, relevant = hits(lists.unseen, labels, items)
    kept, _ = hits(lists.kept, labels, items)
    per_user = {name: function(unseen[:, :k], relevant) for name, (function, k) in ACCURACY.items()}
    per_user |= {name: function(kept[:, :k], relevant) for name, (function, k) in ACCURACY_KEPT.items()}
    rank = np.empty(items, np.int64)
    rank[catalogue.order] = np.arange(1, items + 1)
    per_user["mean_popularity_rank_50"] = mean_popularity_rank(lists.unseen, rank)
    if catalogue.features is not None:
        per_user["diversity_10"] = diversity(lists.unseen[:, :10], catalogue.features)
    overall = {name: _mean(values) for name, values in per_user.items()}
    return Measured(per_user, overall | {"coverage_10": coverage(lists.unseen[:, :10], items),
                                         "coverage_50": coverage(lists.unseen, items)})


def _mean(values: np.ndarray) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None
