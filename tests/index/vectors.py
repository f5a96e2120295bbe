"""Vectors that look like a recommender's: items in groups of very different size, of lengths that
grow with popularity.
"""

from __future__ import annotations

import numpy as np

TOPICS, STAYS, SESSION, DECAY = 3, 0.8, 10, 2.0


def clustered(
    count: int, dimension: int, queries: int, groups: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Item vectors, and queries of users with a few topics.

    Groups have centres on the unit sphere and sizes that follow Zipf's law; within one, items
    spread along all directions with variances that fall like 1 / rank, differently rotated for each
    group. Lengths are log-normal (σ = .3), as popularity is in trained embeddings. A query is what
    the encoder of item2vec makes of a history: the mean of ten items, weighted exp(−age / 2), of a
    user who has three topics and moves to another of them after an item with probability .2.

    Returns:
        float32 (count, dimension), float32 (queries, dimension).
    """
    random = np.random.default_rng(seed)
    centres = random.standard_normal((groups, dimension)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    weights = 1 / np.arange(1, groups + 1) ** 0.8
    group = np.sort(random.choice(groups, count, p=weights / weights.sum()))
    spread = (1 / np.sqrt(np.arange(1, dimension + 1))).astype(np.float32)
    spread *= 0.6 / np.linalg.norm(spread)
    vectors = random.standard_normal((count, dimension), dtype=np.float32) * spread
    starts = np.searchsorted(group, np.arange(groups + 1))
    for one in range(groups):
        turn = np.roll(np.arange(dimension), one * 7)
        vectors[starts[one] : starts[one + 1]] = (
            vectors[starts[one] : starts[one + 1]][:, turn] * np.where(turn % 2, 1, -1)
            + centres[one]
        )
    vectors *= np.exp(0.3 * random.standard_normal((count, 1), dtype=np.float32))
    topics = group[random.integers(0, count, (queries, TOPICS))]
    now, query_vectors = topics[:, 0].copy(), np.zeros((queries, dimension), np.float32)
    for age in range(SESSION):
        item = starts[now] + (random.random(queries) * (starts[now + 1] - starts[now])).astype(
            np.int64
        )
        query_vectors += np.float32(np.exp(-age / DECAY)) * vectors[item]
        switching = random.random(queries) > STAYS
        now = np.where(
            switching, topics[np.arange(queries), random.integers(0, TOPICS, queries)], now
        )
    return vectors, query_vectors / np.float32(np.exp(-np.arange(SESSION) / DECAY).sum())
