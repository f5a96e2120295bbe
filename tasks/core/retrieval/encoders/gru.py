"""GRU4Rec's user encoder in numpy: the state after the last item, projected into the space of the
candidates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders.base import HistoryEncoder
from tasks.core.retrieval.encoders.sequences import layer_norm, longest_first, project_queries

ONE, HALF = np.float32(1.0), np.float32(0.5)


class GRUEncoder(HistoryEncoder):
    """One GRU layer (Cho et al. 2014, with PyTorch's gate order r, z, n and its second bias inside
    the reset gate).

    Per step, with x the embedding of an item after layer normalisation (ε = 1e-5):
        r = σ(W_r x + b_r + U_r h + c_r),  z = σ(W_z x + b_z + U_z h + c_z),
        n = tanh(W_n x + b_n + r · (U_n h + c_n)),  h ← (1 − z) · n + z · h
    The query is [P h + p, 1], for each interest: the trailing one meets the item bias that the
    candidates carry in their last dimension.

    Args:
        embedding: float32 (items, d).
        scale, shift: float32 (d), layer normalisation of the embedding.
        input_weights, input_bias: float32 (3 hidden, d), (3 hidden).
        state_weights, state_bias: float32 (3 hidden, hidden), (3 hidden).
        projection, projection_bias: float32 (interests d, hidden), (interests d).
        last: only the newest `last` items are read.
        interests: query vectors of a user.
    """

    kind = "gru"
    BLOCK = 512  # users encoded together: states stay in the processor's cache
    ROWS = 4096  # positions whose gates are computed by one product

    def __init__(
        self,
        embedding: np.ndarray,
        scale: np.ndarray,
        shift: np.ndarray,
        input_weights: np.ndarray,
        input_bias: np.ndarray,
        state_weights: np.ndarray,
        state_bias: np.ndarray,
        projection: np.ndarray,
        projection_bias: np.ndarray,
        last: int = 200,
        interests: int = 1,
    ) -> None:
        self.embedding, self.scale, self.shift = embedding, scale, shift
        self.input_weights, self.input_bias = input_weights, input_bias
        self.state_weights, self.state_bias = state_weights, state_bias
        self.projection, self.projection_bias, self.last = projection, projection_bias, last
        self.hidden, self.interests = state_weights.shape[1], interests
        self.dimension = embedding.shape[1] + 1
        self._prepare()

    def _prepare(self) -> None:
        """Weights as `_read` multiplies them: with σ(x) = (1 + tanh(x / 2)) / 2, the halves are
        taken here, once.

        What does not depend on the state goes to the input's side: scale and shift of the
        normalisation, c_r and c_z. c_n is the last row of the state's weights, which a one after
        the state meets.
        """
        h = self.hidden
        half = np.full((3 * h, 1), 0.5, np.float32)
        self._state_weights = np.zeros((h + 1, 3 * h), np.float32)
        self._state_weights[:h] = (self.state_weights * half).T
        self._state_weights[h, 2 * h :] = self.state_bias[2 * h :] * np.float32(0.5)
        half[2 * h :] = 1.0
        self._input_weights = np.ascontiguousarray((self.input_weights * half * self.scale).T)
        bias = self.input_bias + self.input_weights @ self.shift
        bias[: 2 * h] += self.state_bias[: 2 * h]
        self._input_bias = bias * half[:, 0]

    def encode(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """float32 (users, interests (d + 1)); a row of zeros for an empty history."""
        queries = np.zeros((len(histories), self.interests * self.dimension), np.float32)
        for block, lengths in longest_first(histories, self.last, self.BLOCK):
            state = self._states(histories, block, lengths)
            queries[block] = project_queries(
                state, self.projection, self.projection_bias, self.interests
            )
        return queries

    def _states(self, histories: Histories, users: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """float32 (users, hidden): users sorted by length, longest first, so that those still
        reading are a prefix.
        """
        state = np.zeros((len(users), self.hidden + 1), np.float32)
        state[:, -1] = 1.0
        begin = histories.offsets[users + 1] - lengths
        widths = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")
        steps = max(self.ROWS // len(users), 1)
        for first in range(0, len(widths), steps):
            some = widths[first : first + steps]
            rows = np.concatenate(
                [begin[:width] + step for step, width in enumerate(some.tolist(), first)]
            )
            self._read(self._gates(histories.items[rows]), some.tolist(), state)
        return state[:, :-1]

    def _gates(self, items: np.ndarray) -> np.ndarray:
        """float32 (positions, 3 hidden): the input's share of the gates, r and z halved."""
        gates = layer_norm(np.asarray(self.embedding[items])) @ self._input_weights
        gates += self._input_bias
        return gates

    def _read(self, gates: np.ndarray, widths: list[int], state: np.ndarray) -> None:
        """Advance the states, each with a one behind it, in place; `gates` holds one row for each
        user and step, step by step.
        """
        h, end, reading = self.hidden, 0, 0
        linear = np.empty((len(state), 3 * h), np.float32)
        for width in widths:
            if width != reading:  # views cost as much as the arithmetic of one user
                rows = (
                    slice(width) if width > 1 else 0
                )  # a single row as a vector: its product is the faster one
                before, product = state[rows], linear[rows]
                old, both, memory = before[..., :h], product[..., : 2 * h], product[..., 2 * h :]
                new, keep, reading = both[..., :h], both[..., h:], width
            given = gates[end : end + width] if width > 1 else gates[end]
            np.dot(before, self._state_weights, out=product)
            both += given[..., : 2 * h]
            np.tanh(both, out=both)
            both += ONE  # 2 r, 2 z
            new *= memory  # r (U_n h + c_n)
            new += given[..., 2 * h :]
            np.tanh(new, out=new)
            old -= new
            old *= keep
            old *= HALF
            old += new  # h ← n + z (h − n)
            end += width

    def numbers(self) -> dict[str, Any]:
        return {"last": self.last, "interests": self.interests}

    def arrays(self) -> dict[str, np.ndarray]:
        names = (
            "embedding",
            "scale",
            "shift",
            "input_weights",
            "input_bias",
            "state_weights",
            "state_bias",
            "projection",
            "projection_bias",
        )
        return {name: getattr(self, name) for name in names}
