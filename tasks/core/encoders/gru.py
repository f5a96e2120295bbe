"""GRU4Rec's user encoder in numpy: the state after the last item, projected into the space of the candidates."""

from __future__ import annotations

import numpy as np

from tasks.core.histories import Histories


class GRUEncoder:
    """One GRU layer (Cho et al. 2014, with PyTorch's gate order r, z, n and its second bias inside the reset gate).

    Per step, with x the embedding of an item after layer normalisation (ε = 1e-5):
        r = σ(W_r x + b_r + U_r h + c_r),  z = σ(W_z x + b_z + U_z h + c_z),
        n = tanh(W_n x + b_n + r · (U_n h + c_n)),  h ← (1 − z) · n + z · h
    The query is [P h + p, 1]: the trailing one meets the item bias that the candidates carry in their last dimension.

    Args:
        embedding: float32 (items, d).
        scale, shift: float32 (d), layer normalisation of the embedding.
        input_weights, input_bias: float32 (3 hidden, d), (3 hidden).
        state_weights, state_bias: float32 (3 hidden, hidden), (3 hidden).
        projection, projection_bias: float32 (d, hidden), (d).
        last: only the newest `last` items are read.
    """

    kind = "gru"
    BLOCK = 512  # users encoded together: states stay in the processor's cache

    def __init__(self, embedding, scale, shift, input_weights, input_bias, state_weights, state_bias,
                 projection, projection_bias, last: int = 200) -> None:
        self.embedding, self.scale, self.shift = embedding, scale, shift
        self.input_weights, self.input_bias = input_weights, input_bias
        self.state_weights, self.state_bias = state_weights, state_bias
        self.projection, self.projection_bias, self.last = projection, projection_bias, last
        self.hidden = state_weights.shape[1]
        self.dimension = projection.shape[0] + 1

    def encode(self, histories: Histories) -> np.ndarray:
        """float32 (users, d + 1); a row of zeros for an empty history."""
        queries = np.zeros((len(histories), self.dimension), np.float32)
        lengths = np.minimum(histories.lengths, self.last)
        order = np.argsort(-lengths, kind="stable")
        order = order[lengths[order] > 0]
        for start in range(0, len(order), self.BLOCK):
            block = order[start:start + self.BLOCK]
            state = self._states(histories, block, lengths[block])
            queries[block, :-1] = state @ self.projection.T + self.projection_bias
            queries[block, -1] = 1.0
        return queries

    def _states(self, histories: Histories, users: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """float32 (users, hidden): users sorted by length, longest first, so that those still reading are a prefix."""
        state = np.zeros((len(users), self.hidden), np.float32)
        begin, h = histories.offsets[users + 1] - lengths, self.hidden
        for step in range(int(lengths[0])):
            active = int(np.searchsorted(-lengths, -step, side="left"))
            x = self._embed(histories.items[begin[:active] + step])
            old = state[:active]
            gates = x @ self.input_weights.T + self.input_bias
            memory = old @ self.state_weights.T + self.state_bias
            both = _sigmoid(gates[:, :2 * h] + memory[:, :2 * h])
            reset, keep = both[:, :h], both[:, h:]
            new = np.tanh(gates[:, 2 * h:] + reset * memory[:, 2 * h:])
            state[:active] = new + keep * (old - new)
        return state

    def _embed(self, items: np.ndarray) -> np.ndarray:
        x = np.asarray(self.embedding[items])
        x = x - x.mean(axis=1, keepdims=True)
        return x / np.sqrt(np.square(x).mean(axis=1, keepdims=True) + np.float32(1e-5)) * self.scale + self.shift

    def numbers(self) -> dict:
        return {"last": self.last}

    def arrays(self) -> dict[str, np.ndarray]:
        names = ("embedding", "scale", "shift", "input_weights", "input_bias", "state_weights", "state_bias",
                 "projection", "projection_bias")
        return {name: getattr(self, name) for name in names}


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return (1.0 + np.tanh(0.5 * x)) * np.float32(0.5)  # no overflow for any x
