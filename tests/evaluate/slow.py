"""The metrics once more, in plain Python from their definitions, one user at a time."""

from __future__ import annotations

import math


def accuracy(shown: list[int], labels: set[int]) -> dict[str, float]:
    """Every accuracy metric of one user from the list shown, best first, without seen items."""
    found = {}
    for k in (10, 20, 50):
        found |= {
            f"recall_{k}": _recall(shown, labels, k),
            f"precision_{k}": _precision(shown, labels, k),
            f"ndcg_{k}": _ndcg(shown, labels, k),
            f"map_{k}": _precisions(shown, labels, k) / min(k, len(labels)),
            f"mrr_{k}": _first(shown, labels, k),
            f"hr_{k}": float(bool(set(shown[:k]) & labels)),
        }
    return found | {"map_10_div_10": _precisions(shown, labels, 10) / 10}


def _recall(shown, labels, k):
    return len(set(shown[:k]) & labels) / len(labels)


def _precision(shown, labels, k):
    return len(set(shown[:k]) & labels) / k


def _ndcg(shown, labels, k):
    gained = sum(
        1 / math.log2(rank + 1) for rank, item in enumerate(shown[:k], 1) if item in labels
    )
    return gained / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(labels)) + 1))


def _precisions(shown, labels, k):
    return sum(
        _precision(shown, labels, rank) for rank, item in enumerate(shown[:k], 1) if item in labels
    )


def _first(shown, labels, k):
    return next((1 / rank for rank, item in enumerate(shown[:k], 1) if item in labels), 0.0)


def rank_all(query: list[float], vectors: list[list[float]], left_out: set[int]) -> list[int]:
    """Every item that is not left out, best inner product first, equal scores by row."""
    scored = [
        (-sum(a * b for a, b in zip(query, vector)), row)
        for row, vector in enumerate(vectors)
        if row not in left_out
    ]
    return [row for _, row in sorted(scored)]


def diversity(shown: list[int], genres: list[set[str]]) -> float:
    """1 − mean cosine of the genre sets of two different places."""
    pairs = [(genres[a], genres[b]) for a in shown for b in shown if a != b]
    cosine = [len(a & b) / math.sqrt(max(1, len(a)) * max(1, len(b))) for a, b in pairs]
    return 1 - sum(cosine) / len(pairs)
