"""The leave-one-out decoder predicts each item of a list from the rest of the list, whatever the
order.

With w_i the input vectors, x_ui what the pair of user u and item i counts, z_u = Σ x_uj w_j over
the items of user u, s_i = Σ x_ui z_u and c_i = Σ x_ui² over the users u of item i,
the output vector o_i is the ridge regression of x_ui on z_u without i's own share:

    (Z'Z − s_i w_i' − w_i s_i' + c_i w_i w_i' + λ W'W) o_i = s_i − c_i w_i

The bracket is one matrix for all items and a change of rank two for each, so by Woodbury's identity
one inverse serves all: d³ once and d² for an item, beside d for an interaction. The idea is EASE's
(Steck 2019, "Embarrassingly Shallow Autoencoders"), in d dimensions.
"""

from __future__ import annotations

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.models.cooccurrence import like_matrix


class LeaveOneOut:
    """The sums, once; `outputs` solves for any ridge.

    Args:
        inputs: float32 (n, d), of unit length.
        histories: what users liked, as rows of `inputs`; of each user and item the pair counts.
    """

    def __init__(self, inputs: np.ndarray, histories: Histories) -> None:
        self.inputs = np.asarray(inputs, np.float64)
        liked = like_matrix(histories, len(inputs), np.float64)
        tastes = liked @ self.inputs
        self.tastes, self.sums = tastes.T @ tastes, liked.T @ tastes
        self.counts = np.bincount(liked.indices, liked.data**2, len(inputs))

    def outputs(self, ridge: float) -> np.ndarray:
        """float32 (n, d): the output vectors for λ = `ridge`; zeros for an item that nobody likes
        beside another.
        """
        w, s = self.inputs, self.sums
        inverse = np.linalg.pinv(self.tastes + ridge * w.T @ w, hermitian=True)
        right = s - self.counts[:, None] * w
        aw, as_, base = w @ inverse, s @ inverse, right @ inverse
        ww, ws, ss = (
            _dot(w, aw),
            _dot(w, as_) - 1,
            _dot(s, as_) - self.counts,
        )  # M⁻¹ + U'A⁻¹U, with U = [w s]
        first, second = _dot(w, base), _dot(s, base)
        determinant = ww * ss - ws**2
        along_w, along_s = (
            (ss * first - ws * second) / determinant,
            (ww * second - ws * first) / determinant,
        )
        solved = base - along_w[:, None] * aw - along_s[:, None] * as_
        return np.where(np.abs(right).max(axis=1, keepdims=True) > 1e-9, solved, 0).astype(
            np.float32
        )


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", a, b)
