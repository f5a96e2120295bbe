"""The metrics once more, in plain Python from their definitions, one user at a time."""

from __future__ import annotations

import math


def accuracy(shown: list[int], labels: set[int]) -> dict[str, float]:
    """Every accuracy metric of one user from the list shown, best first, without seen items."""
    return {"recall_50": _recall(shown, labels, 50), "recall_10": _recall(shown, labels, 10),
            "precision_10": _precision(shown, labels, 10),
            "precision_50": _precision(shown, labels, 50), "ndcg_10": _ndcg(shown, labels, 10),
            "ndcg_50": _ndcg(shown, labels, 50),
            "map_10": _precisions(shown, labels, 10) / min(10, len(labels)),
            "map_50": _precisions(shown, labels, 50) / min(50, len(labels)),
            "map_10_div_10": _precisions(shown, labels, 10) / 10, "mrr_10": _first(shown, labels, 10),
            "mrr_50": _first(shown, labels, 50),
            "hr_10": float(bool(set(shown[:10]) & labels)), "hr_50": float(bool(set(shown[:50]) & labels))}


def _recall(shown, labels, k):
    return len(set(shown[:k]) & labels) / len(labels)


def _precision(shown, labels, k):
    return len(set(shown[:k]) & labels) / k


def _ndcg(shown, labels, k):
    gained = sum(1 / math.log2(rank + 1) for rank, item in enumerate(shown[:k], 1) if item in labels)
    return gained / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(labels)) + 1))


def _precisions(shown, labels, k):
    return sum(_precision(shown, labels, rank) for rank, item in enumerate(shown[:k], 1) if item in labels)


def _first(shown, labels, k):
    return next((1 / rank for rank, item in enumerate(shown[:k], 1) if item in labels), 0.0)


def rank_all(query: list[float], vectors: list[list[float]], left_out: set[int]) -> list[int]:
    """Every item that is not left out, best inner product first, equal scores by row."""
    scored = [(-sum(a * b for a, b in zip(query, vector)), row) for row, vector in enumerate(vectors) if row not in left_out]
    return [row for _, row in sorted(scored)]


def diversity(shown: list[int], genres: list[set[str]]) -> float:
    """1 − mean cosine of the genre sets of two different places."""
    pairs = [(genres[a], genres[b]) for a in shown for b in shown if a != b]
    cosine = [len(a & b) / math.sqrt(max(1, len(a)) * max(1, len(b))) for a, b in pairs]
    return 1 - sum(cosine) / len(pairs)
