"""The laws by which an item leads to another, as logarithms that a skip-gram model would fit,
dense: 4 n² bytes for n items.

Skip-gram with noise by popularity to the power α factorises log(P(j | i) / f_j^α) up to a constant
(Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization"), P the
probability to meet j near i in its corpus. Here the constant is a quantile of the finite entries,
and what lies below it is cut to zero.
"""

from __future__ import annotations

import numba
import numpy as np

from tasks.core.cli.log import Progress
from tasks.core.data.histories import Histories
from tasks.core.models.cooccurrence import like_matrix

# of a sequence that an item leads on to; the nearest weighs 1, the farthest 1/30, as in word2vec's
# shrinking windows
MAX_DISTANCE = 30
WALKS_QUANTILE, SEQUENCES_QUANTILE = 0.7, 0.3
BLOCK_ROWS = 1024  # rows filled at a time


def walk_transitions(histories: Histories, items: int, exponent: float) -> np.ndarray:
    """float32 (items, items) of walks of two steps, over one of the item's users to one of the
    user's items, each alike.

    With x the user-item matrix (what each pair counts), f_i = Σ_u x_ui and n_u = Σ_i x_ui: P(j | i)
    = Σ_u (x_ui / f_i) (x_uj / n_u). This is what DeepWalk converges to in its shortest window (Qiu
    et al. 2018, "Network Embedding as Matrix Factorization").
    """
    liked = like_matrix(histories, items)
    users, own = (np.asarray(liked.sum(axis=axis, dtype=np.float64)).ravel() for axis in (0, 1))
    back = liked.multiply(1 / np.where(own > 0, own, 1)[:, None]).tocsr()
    there = liked.T.tocsr().multiply(1 / np.where(users > 0, users, 1)[:, None]).tocsr()
    law = np.empty((items, items), np.float32)
    with Progress("the law of the walks", items, "rows") as progress:
        for start in range(0, items, BLOCK_ROWS):
            law[start : start + BLOCK_ROWS] = (there[start : start + BLOCK_ROWS] @ back).toarray()
            progress.add(len(law[start : start + BLOCK_ROWS]))
    return _cut(law, users, exponent, WALKS_QUANTILE)


def sequence_transitions(histories: Histories, items: int, exponent: float) -> np.ndarray:
    """float32 (items, items) of users' own sequences, forward in time: how often item j comes
    within `PLACES` places after item i.
    """
    law = np.zeros((items, items), np.float32)
    _count(histories.offsets, histories.items, MAX_DISTANCE, law)
    met = law.sum(axis=0, dtype=np.float64)
    law /= np.maximum(law.sum(axis=1, keepdims=True), 1e-9)
    return _cut(law, met, exponent, SEQUENCES_QUANTILE)


@numba.njit(cache=True)
def _count(offsets, items, positions, law):
    for user in range(len(offsets) - 1):
        for row in range(offsets[user], offsets[user + 1]):
            for later in range(row + 1, min(row + 1 + positions, offsets[user + 1])):
                law[items[row], items[later]] += np.float32(
                    positions - (later - row) + 1
                ) / np.float32(positions)


def _cut(law: np.ndarray, met: np.ndarray, exponent: float, quantile: float) -> np.ndarray:
    """log(P / f^α) less its quantile, cut at zero, in place."""
    law /= (np.maximum(met, 1e-9) ** exponent).astype(np.float32)
    with np.errstate(divide="ignore"):
        np.log(law, out=law)
    finite = law[np.isfinite(law)]
    law -= np.quantile(finite, quantile, overwrite_input=True) if len(finite) else 0
    return np.maximum(law, 0, out=law)
