"""SASRec's user encoder in numpy: self-attention over the newest items, the last position's state
projected into the candidates' space.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders.base import HistoryEncoder
from tasks.core.retrieval.encoders.sequences import layer_norm, longest_first, project_queries

PER_BLOCK = (
    "before_scale",
    "before_shift",
    "attend",
    "attend_bias",
    "out",
    "out_bias",
    "after_scale",
    "after_shift",
    "wide",
    "wide_bias",
    "narrow",
    "narrow_bias",
)


class SASRecEncoder(HistoryEncoder):
    """Blocks of causal self-attention and feed-forward (Kang & McAuley 2018), equation by equation
    what was trained.

    Per block, with LN layer normalisation,

        x ← x + O softmax(Q Kᵀ / √(d / heads)) V + o
        x ← x + W₂ max(0, W₁ LN x + b₁) + b₂

    of which Q, K, V are thirds of A LN x + a. Only the last position is asked for, so the last
    block computes no other.

    Args:
        embedding: float32 (items, d).
        scale, shift: float32 (d), layer normalisation of the embedding.
        places: float32 (last, d), added to the first, second, … item that is read.
        final_scale, final_shift: float32 (d), the last normalisation.
        projection, projection_bias: float32 (interests d, d), (interests d).
        last: only the newest `last` items are read.
        heads, interests: attention heads of a block; query vectors of a user.
        **blocks: float32 (blocks, …), one row a block: before_* and after_* (d), attend (3 d, d),
            out (d, d), wide (hidden, d), narrow (d, hidden), with their biases.
    """

    kind = "sasrec"
    USERS, ROWS = 256, 4096  # encoded together at most: users, and positions with their padding

    def __init__(
        self,
        embedding: np.ndarray,
        scale: np.ndarray,
        shift: np.ndarray,
        places: np.ndarray,
        final_scale: np.ndarray,
        final_shift: np.ndarray,
        projection: np.ndarray,
        projection_bias: np.ndarray,
        last: int = 200,
        heads: int = 1,
        interests: int = 1,
        **blocks: np.ndarray,
    ) -> None:
        self.embedding, self.scale, self.shift, self.places = embedding, scale, shift, places
        self.final_scale, self.final_shift = final_scale, final_shift
        self.projection, self.projection_bias = projection, projection_bias
        self.last, self.heads, self.interests, self.blocks = (
            last,
            heads,
            interests,
            {name: blocks[name] for name in PER_BLOCK},
        )
        self.dimension = embedding.shape[1] + 1

    def encode(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """float32 (users, interests (d + 1)); a row of zeros for an empty history."""
        queries = np.zeros((len(histories), self.interests * self.dimension), np.float32)
        for block, lengths in longest_first(histories, self.last, self.USERS):
            step = max(1, self.ROWS // int(lengths[0]))
            for start in range(0, len(block), step):
                some = block[start : start + step]
                state = self._states(histories, some, lengths[start : start + step])
                queries[some] = project_queries(
                    state, self.projection, self.projection_bias, self.interests
                )
        return queries

    def _states(self, histories: Histories, users: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """float32 (users, d): the state after the last item."""
        steps = np.arange(lengths[0])
        rows = (
            np.minimum(steps, lengths[:, None] - 1)
            + (histories.offsets[users + 1] - lengths)[:, None]
        )  # padded by the last item
        x = layer_norm(np.asarray(self.embedding[histories.items[rows]])) * self.scale + self.shift
        x += self.places[: len(steps)]  # (b, t, d)
        for number in range(len(self.blocks["out"])):
            x = self._block(
                {name: part[number] for name, part in self.blocks.items()},
                x,
                lengths,
                only_last=number == len(self.blocks["out"]) - 1,
            )
        return layer_norm(x[:, 0]) * self.final_scale + self.final_shift

    def _block(
        self, p: dict[str, np.ndarray], x: np.ndarray, lengths: np.ndarray, only_last: bool
    ) -> np.ndarray:
        """float32 (b, t, d), or (b, 1, d) of each user's last position."""
        b, t, d = x.shape
        y = layer_norm(x) * p["before_scale"] + p["before_shift"]
        if only_last:
            ends = lengths - 1
            x, asking, visible = (
                x[np.arange(b), ends][:, None],
                y[np.arange(b), ends][:, None],
                np.arange(t) <= ends[:, None, None],
            )
        else:
            asking, visible = y, np.arange(t) <= np.arange(t)[None, :, None]  # (b or 1, asked, t)
        keys, values = (
            self._split(
                y @ p["attend"][part * d : (part + 1) * d].T
                + p["attend_bias"][part * d : (part + 1) * d]
            )
            for part in (1, 2)
        )
        asks = self._split(
            (asking @ p["attend"][:d].T + p["attend_bias"][:d])
            * np.float32((d // self.heads) ** -0.5)
        )
        scores = np.where(
            visible[:, None], asks @ keys.transpose(0, 1, 3, 2), np.float32(-np.inf)
        )  # (b, heads, asked, t)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        read = (scores @ values).transpose(0, 2, 1, 3).reshape(b, -1, d)
        x = x + read @ p["out"].T + p["out_bias"]
        wide = (layer_norm(x) * p["after_scale"] + p["after_shift"]) @ p["wide"].T + p["wide_bias"]
        return x + np.maximum(wide, 0) @ p["narrow"].T + p["narrow_bias"]

    def _split(self, x: np.ndarray) -> np.ndarray:
        """float32 (b, heads, t, d / heads)."""
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(0, 2, 1, 3)

    def numbers(self) -> dict[str, Any]:
        return {"last": self.last, "heads": self.heads, "interests": self.interests}

    def arrays(self) -> dict[str, np.ndarray]:
        names = (
            "embedding",
            "scale",
            "shift",
            "places",
            "final_scale",
            "final_shift",
            "projection",
            "projection_bias",
        )
        return {**{name: getattr(self, name) for name in names}, **self.blocks}
