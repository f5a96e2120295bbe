"""The metrics, one file each with its formula and source. All are binary: a held-out row is a label, every other item is not."""

from __future__ import annotations

from tasks.evaluate.metrics.average_precision import average_precision, average_precision_by_k
from tasks.evaluate.metrics.hit_rate import hit_rate
from tasks.evaluate.metrics.ndcg import ndcg
from tasks.evaluate.metrics.precision import precision
from tasks.evaluate.metrics.recall import recall
from tasks.evaluate.metrics.reciprocal_rank import reciprocal_rank

LONGEST = 50  # places ranked
# name → (function of hits and number of labels, k), on lists without what the user has seen
ACCURACY = {
    "recall_50": (recall, 50), "recall_10": (recall, 10), "precision_10": (precision, 10), "precision_50": (precision, 50),
    "ndcg_10": (ndcg, 10), "ndcg_50": (ndcg, 50), "map_10": (average_precision, 10), "map_50": (average_precision, 50),
    "map_10_div_10": (average_precision_by_k, 10), "mrr_10": (reciprocal_rank, 10), "mrr_50": (reciprocal_rank, 50),
    "hr_10": (hit_rate, 10), "hr_50": (hit_rate, 50),
}
# the same, on lists that may hold what the user has seen
ACCURACY_KEPT = {"recall_50_kept": (recall, 50)}
