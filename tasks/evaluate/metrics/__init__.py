"""The metrics, one file each with its formula and source.

All are binary: a held-out row is a label, every other item is not.
"""

from __future__ import annotations

from tasks.evaluate.metrics.average_precision import average_precision, average_precision_by_k
from tasks.evaluate.metrics.hit_rate import hit_rate
from tasks.evaluate.metrics.ndcg import ndcg
from tasks.evaluate.metrics.precision import precision
from tasks.evaluate.metrics.recall import recall
from tasks.evaluate.metrics.reciprocal_rank import reciprocal_rank

MAX_LIST_LENGTH = 50  # places ranked
CUTOFFS = (10, 20, 50)
RANKED = {
    "recall": recall,
    "precision": precision,
    "ndcg": ndcg,
    "map": average_precision,
    "mrr": reciprocal_rank,
    "hr": hit_rate,
}
# name → (function of hits and number of labels, k), on lists without seen items
ACCURACY = {f"{name}_{k}": (function, k) for name, function in RANKED.items() for k in CUTOFFS} | {
    "map_10_div_10": (average_precision_by_k, 10)
}
# the same, on lists that may hold seen items
ACCURACY_INCLUDING_SEEN = {"recall_50_kept": (recall, 50)}
