"""Tuning of EASE on validation rows: its penalty, and the decay of its query.

An untuned baseline flatters every model. An inverse costs the cube of the items: for a head larger
than `MAX_TUNING_ITEMS` the choice is made on the most popular items, and the head is solved once.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Queries
from tasks.core.data.user_sample import sample_users
from tasks.core.models.ease import ease
from tasks.evaluate.baselines.popular_items import PopularItems
from tasks.evaluate.baselines.queries import weighted_queries
from tasks.evaluate.lists import ranked_lists
from tasks.evaluate.measure import hits

PENALTIES, DECAYS = (100.0, 300.0, 1000.0), (None, 10.0)
MAX_USERS = 1000  # of the validation part
MAX_TUNING_ITEMS = 4000


@dataclasses.dataclass(frozen=True)
class TunedEase:
    """The best penalty and decay, and the weights: float32 (head, head)."""

    penalty: float
    decay: float | None
    weights: np.ndarray


def tune_ease(
    cooccurrence: np.ndarray, head: PopularItems, validation: Queries | None
) -> TunedEase:
    """EASE with the penalty and decay of the highest recall@50 on validation rows.

    Without validation rows it has the middle penalty and no decay.

    Args:
        cooccurrence: float64 (head, head), XᵀX of the head's items.
    """
    if validation is None:
        return TunedEase(PENALTIES[1], None, ease(cooccurrence, PENALTIES[1]))
    if len(head.rows) > MAX_TUNING_ITEMS:
        most = np.sort(np.argsort(-cooccurrence.diagonal(), kind="stable")[:MAX_TUNING_ITEMS])
        smaller = tune_ease(
            cooccurrence[np.ix_(most, most)], PopularItems(head.rows[most], head.items), validation
        )
        return TunedEase(smaller.penalty, smaller.decay, ease(cooccurrence, smaller.penalty))
    sample = validation.select_users(sample_users(len(validation.users), MAX_USERS))
    best: TunedEase | None = None
    best_recall = -1.0
    for penalty in PENALTIES:
        weights = ease(cooccurrence, penalty)
        for decay in DECAYS:
            if (recall := _recall(sample, head, weights, decay)) > best_recall:
                best, best_recall = TunedEase(penalty, decay, weights), recall
    assert best is not None, "a recall is at least 0"
    log("evaluate.ease", penalty=best.penalty, decay=best.decay, validation_recall_50=best_recall)
    return best


def _recall(sample: Queries, head: PopularItems, weights: np.ndarray, decay: float | None) -> float:
    queries = head.columns(weighted_queries(sample.histories, head.items, decay))
    unseen, _ = ranked_lists(
        head.scores(lambda start, stop: queries[start:stop] @ weights), head.items, sample.seen, 50
    )
    result = hits(unseen, sample.labels, np.zeros(head.items, bool))
    return float(np.mean(result.found.sum(axis=1) / result.different))
