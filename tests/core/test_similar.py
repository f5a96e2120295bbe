"""Items are alike when people of one taste like them, whenever they like them."""

from __future__ import annotations

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.retrieval.item_similarity import taste_space


def neighbours(vectors: np.ndarray) -> np.ndarray:
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    return np.argsort(-scores, axis=1)


def test_users_bring_items_together_though_the_network_keeps_them_apart():
    """Items 2 i and 2 i + 1 are liked by the same people; the network's vectors tell nothing of
    it.
    """
    random = np.random.default_rng(0)
    vectors = random.normal(size=(20, 16)).astype(np.float32)
    pairs = [random.permutation(10)[:3] for _ in range(300)]
    histories = Histories.of_lists([np.concatenate([2 * pair, 2 * pair + 1]) for pair in pairs])
    found = taste_space(vectors, histories)
    assert (neighbours(found)[:, 0] == np.arange(20) ^ 1).all() and (
        neighbours(vectors)[:, 0] == np.arange(20) ^ 1
    ).mean() < 0.5
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_one_kind_of_user_falls_back_to_the_networks_vectors():
    vectors = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    found = taste_space(vectors, Histories.of_lists([[0, 1, 2], [2, 1, 0], []]))
    np.testing.assert_allclose(
        found, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), rtol=1e-5
    )
