"""Shared parts of the encoders that read a history item by item."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.core.data.histories import Histories


def longest_first(
    histories: Histories, last: int, block: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Users who have a history, in blocks of alike length, with the number of newest items to read,
    at most `last`.

    Returns:
        int64 (≤ block), users; int64 (≤ block), lengths, never rising, at least 1.
    """
    lengths = np.minimum(histories.lengths, last)
    order = np.argsort(-lengths, kind="stable")
    order = order[: np.count_nonzero(lengths)]
    for start in range(0, len(order), block):
        yield order[start : start + block], lengths[order[start : start + block]]


def layer_norm(x: np.ndarray) -> np.ndarray:
    """Layer normalisation of the last dimension, without scale and shift; ε = 1e-5 as in
    PyTorch.
    """
    x = x - x.mean(axis=-1, keepdims=True)
    x /= np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(1e-5))
    return x


def project_queries(
    states: np.ndarray, projection: np.ndarray, bias: np.ndarray, interests: int
) -> np.ndarray:
    """Queries: for each interest P h + p and a one, which meets the item bias that candidates carry
    in their last dimension.

    Args:
        states: float32 (users, h).
        projection, bias: float32 (interests d, h), (interests d).

    Returns:
        float32 (users, interests (d + 1)), the interests side by side.
    """
    queries = np.ones((len(states), interests, len(bias) // interests + 1), np.float32)
    queries[:, :, :-1] = (states @ projection.T + bias).reshape(len(states), interests, -1)
    return queries.reshape(len(states), -1)
