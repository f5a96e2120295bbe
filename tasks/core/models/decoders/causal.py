"""The causal decoder predicts the next item: ridge regression of every item of a sequence on means
of the items before it, at several time scales.

With x_t the query that `ScalesEncoder` makes of a user's first t items, and e_t the unit vector of
the item that follows,

    O = (Σ e_t x_t') (Σ x_t x_t' + λ (tr / D) I)⁻¹

with tr the trace of Σ x_t x_t' and D the dimensions of x_t.

With a horizon h, an item is also predicted, with weight exp(−b / h), from what was known b items
earlier: e_t becomes Σ_b exp(−b / h) e_{t + b}. So o_i · x is the least-squares estimate of "i is
next", or is soon. Each scale has its own d dimensions of O: the newest items and the old ones may
speak for different things. The last dimension of x_t is a one: the intercept, how often an item is
next at all; it is not shrunk. Cost: D² + D for a row, D³ once for each λ, D² for an item; memory
beside O: a block of rows × D.
"""

from __future__ import annotations

import numba
import numpy as np
from scipy.sparse import csr_matrix

from tasks.core.cli.log import Progress
from tasks.core.data.histories import Histories

BLOCK_ROWS = 20_000  # rows whose queries are in memory at a time
INTERCEPT_RIDGE_SHARE = 1e-6  # of the ridge, for the intercept: enough to be solvable


class Causal:
    """The two sums, once; `outputs` solves for any ridge.

    Args:
        inputs: float32 (n, d), of unit length.
        histories: users' sequences, oldest first, as rows of `inputs`.
        decays: of each scale, as `ScalesEncoder` takes them.
        horizon: items after which a later item counts 1/e of the next one; None: only the next one
            counts.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        histories: Histories,
        decays: tuple[float | None, ...],
        horizon: float | None = None,
    ) -> None:
        self.later = np.float32(0 if horizon is None else np.exp(-1 / horizon))
        self.dimension = len(decays) * inputs.shape[1] + 1
        self.moments, self.cross = (
            np.zeros((self.dimension, self.dimension)),
            np.zeros((len(inputs), self.dimension)),
        )
        keeps = np.array(
            [1.0 if decay is None else np.exp(-1 / decay) for decay in decays], np.float32
        )
        start, offsets = 0, histories.offsets
        with Progress("decoder causal: its sums", len(histories.items), "rows") as progress:
            while start < len(histories):
                stop = int(np.searchsorted(offsets, offsets[start] + BLOCK_ROWS, side="right")) - 1
                stop = min(max(stop, start + 1), len(histories))
                self._add(
                    offsets[start : stop + 1] - offsets[start],
                    histories.items[offsets[start] : offsets[stop]],
                    inputs,
                    keeps,
                )
                progress.add(int(offsets[stop] - offsets[start]))
                start = stop

    def _add(
        self, offsets: np.ndarray, items: np.ndarray, inputs: np.ndarray, keeps: np.ndarray
    ) -> None:
        queries = np.ones((len(items), self.dimension), np.float32)
        _read(offsets, items, np.ascontiguousarray(inputs, np.float32), keeps, queries)
        preceded = np.ones(len(items), bool)
        preceded[offsets[:-1][np.diff(offsets) > 0]] = False
        queries[~preceded] = 0
        self.moments += queries.T @ queries
        if self.later:
            _carry(offsets, self.later, queries)
        positions = np.arange(len(items))
        self.cross += (
            csr_matrix(
                (np.ones(len(items), np.float32), (items, positions)), (len(inputs), len(items))
            )
            @ queries
        )

    def outputs(self, ridge: float) -> np.ndarray:
        """float32 (n, D): the output vectors for λ = `ridge`; zeros for an item that never follows
        another.
        """
        shrink = np.full(self.dimension, ridge * np.trace(self.moments) / self.dimension + 1e-12)
        shrink[-1] *= INTERCEPT_RIDGE_SHARE
        return np.linalg.solve(self.moments + np.diag(shrink), self.cross.T).T.astype(np.float32)


@numba.njit(cache=True)
def _read(
    offsets: np.ndarray,
    items: np.ndarray,
    inputs: np.ndarray,
    keeps: np.ndarray,
    queries: np.ndarray,
) -> None:
    """Fill `queries` (rows, K d + 1) with the means before each row, the weights of the newest item
    1 at every scale.
    """
    scales, dimension = len(keeps), inputs.shape[1]
    total = np.zeros(scales * dimension, np.float32)
    for user in range(len(offsets) - 1):
        total[:] = 0
        weights = np.zeros(scales, np.float32)
        for row in range(offsets[user], offsets[user + 1]):
            for k in range(scales):
                share = np.float32(1) / max(weights[k], np.float32(1e-9))
                weights[k] = weights[k] * keeps[k] + np.float32(1)
                for j in range(dimension):
                    column = k * dimension + j
                    queries[row, column] = total[column] * share
                    total[column] = total[column] * keeps[k] + inputs[items[row], j]


@numba.njit(cache=True)
def _carry(offsets: np.ndarray, later: float, queries: np.ndarray) -> None:
    """Add to the query before each row those before earlier rows of the same user, a factor `later`
    less for each step back.
    """
    for user in range(len(offsets) - 1):
        for row in range(offsets[user] + 1, offsets[user + 1]):
            for j in range(queries.shape[1]):
                queries[row, j] += later * queries[row - 1, j]
