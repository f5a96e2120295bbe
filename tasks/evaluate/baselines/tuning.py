"""EASE's penalty and how fast its query forgets, chosen on validation rows: an untuned baseline
flatters every model.

An inverse costs the cube of the items: of a head larger than `TRIED` the choice is made on its most
popular items, and solved for once.
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
MAX_USERS = 1000  # of the validation part, at most
MAX_TUNING_ITEMS = 4000  # items


@dataclasses.dataclass(frozen=True)
class TunedEase:
    """What did best, and its weights: float32 (head, head)."""

    penalty: float
    decay: float | None
    weights: np.ndarray


def tune_ease(together: np.ndarray, head: PopularItems, validation: Queries | None) -> TunedEase:
    """The penalty and decay with the highest recall@50 on validation rows; the middle penalty and
    no decay where there are none.

    Args:
        together: float64 (head, head), XᵀX of the head's items.
    """
    if validation is None:
        return TunedEase(PENALTIES[1], None, ease(together, PENALTIES[1]))
    if len(head.rows) > MAX_TUNING_ITEMS:
        most = np.sort(np.argsort(-together.diagonal(), kind="stable")[:MAX_TUNING_ITEMS])
        some = tune_ease(
            together[np.ix_(most, most)], PopularItems(head.rows[most], head.items), validation
        )
        return TunedEase(some.penalty, some.decay, ease(together, some.penalty))
    asked = validation.select_users(sample_users(len(validation.users), MAX_USERS))
    best: TunedEase | None = None
    best_recall = -1.0
    for penalty in PENALTIES:
        weights = ease(together, penalty)
        for decay in DECAYS:
            if (recall := _recall(asked, head, weights, decay)) > best_recall:
                best, best_recall = TunedEase(penalty, decay, weights), recall
    assert best is not None, "a recall is at least 0"
    log("evaluate.ease", penalty=best.penalty, decay=best.decay, validation_recall_50=best_recall)
    return best


def _recall(asked: Queries, head: PopularItems, weights: np.ndarray, decay: float | None) -> float:
    queries = head.columns(weighted_queries(asked.histories, head.items, decay))
    unseen, _ = ranked_lists(
        head.scores(lambda start, stop: queries[start:stop] @ weights), head.items, asked.seen, 50
    )
    found = hits(unseen, asked.labels, np.zeros(head.items, bool))
    return float(np.mean(found.found.sum(axis=1) / found.different))
