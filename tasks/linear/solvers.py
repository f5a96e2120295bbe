"""EASE as vectors: exactly, cut to d dimensions, or from the leading directions of the data where
items × items does not fit.

Exact (Steck 2019): P = (X'X + λI)⁻¹, B_ij = −P_ij / P_jj for i ≠ j; then B ≈ (U √S)(V √S)'.

Low rank: with X ≈ the d leading singular directions V and values s, Woodbury's identity gives P ≈
(I − V G V') / λ with G = s² / (s² + λ), so

    B_ij = (V √G)_i · (V √G)_j / (1 − Σ_k V_jk² G_k)        for i ≠ j

which is a product of two thin matrices already; the diagonal, which it does not hold at zero, only
scores what a user has seen.

Either is solved for users that count unequally: with weights w, X stands for diag(√w) X.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import svds

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.cli.log import log
from tasks.core.models.cooccurrence import cooccurrence_counts
from tasks.core.models.ease import ease
from tasks.core.models.svd import truncated_svd
from tasks.linear.settings import Settings

BYTES_PER_PAIR = (
    24  # of memory for each pair of items: X'X, its inverse, the weights and their products
)
# for each triple of items: an inverse at 10 GFLOPS, what one core that others use has left
SECONDS_PER_OPERATION = 1e-10


def choose_solver(settings: Settings, items: int, penalties: int = 1) -> str:
    """`dense` or `low-rank`, for so many items and penalties; what is needed is said before it
    starts.

    Raises:
        BadRequest: `dense` is asked for and needs more memory than allowed.
    """
    needs, minutes = (
        BYTES_PER_PAIR * items**2 / 2**30,
        penalties * items**3 * SECONDS_PER_OPERATION / 60,
    )
    fits = needs <= settings.memory_gb
    if settings.solver == "dense" and not fits:
        raise BadRequest(
            "the exact inverse needs more memory than it may have",
            got=f"{items} items: {needs:.1f} GB",
            allowed=f"{settings.memory_gb:g} GB",
            remedy="raise settings.memory_gb, or set settings.solver to auto or low-rank",
        )
    chosen = (
        settings.solver
        if settings.solver != "auto"
        else "dense"
        if fits and minutes <= settings.budget_minutes
        else "low-rank"
    )
    log(
        "linear.solver",
        solver=chosen,
        items=items,
        exact_needs_gb=needs,
        memory_gb=settings.memory_gb,
        exact_takes_minutes=minutes,
        budget_minutes=settings.budget_minutes,
    )
    return chosen


def normalise_users(liked: csr_matrix, exponent: float) -> csr_matrix:
    """The rows of X times √w, float32 (users, items), where a user with n likes (the sum of the
    row) has w = n^−exponent: long histories, which pair everything with everything, no longer
    decide alone what goes together. All weights are scaled so that the likes still sum to their
    number: a penalty keeps its meaning."""
    likes = np.asarray(liked.sum(axis=1)).ravel()
    weights = np.maximum(likes, 1.0) ** -exponent
    weights *= likes.sum() / max(likes @ weights, 1e-12)
    return csr_matrix(diags(np.sqrt(weights).astype(np.float32)) @ liked)


class Dense:
    """X'X once; `vectors` for any penalty."""

    def __init__(self, liked: csr_matrix, dimension: int, seed: int) -> None:
        self.counts, self.dimension, self.seed = cooccurrence_counts(liked), dimension, seed

    def vectors(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and outputs, float32 (items, d)."""
        return truncated_svd(
            ease(self.counts, penalty), self.dimension, np.random.default_rng(self.seed)
        )


class LowRank:
    """The leading directions once; `vectors` for any penalty."""

    def __init__(self, liked: csr_matrix, dimension: int, seed: int) -> None:
        self.dimension, rank = dimension, min(dimension, min(liked.shape) - 1)
        if rank < 1:
            raise RefusedData(
                "one list has no leading directions",
                got=f"{liked.shape[0]} users, {liked.shape[1]} items",
                allowed="two users or more",
                remedy="set settings.solver to auto or dense, or ingest more data",
            )
        first = np.random.default_rng(seed).standard_normal(min(liked.shape))
        _, values, right = svds(
            liked.astype(np.float64), k=rank, v0=first, return_singular_vectors="vh"
        )
        order = np.argsort(-values)
        self.values, self.directions = values[order], right[order].T

    def vectors(self, penalty: float) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and outputs, float32 (items, d); dimensions beyond the rank of the data are
        zero.
        """
        kept = self.values**2 / (self.values**2 + penalty)
        inputs = self.directions * np.sqrt(kept)
        outputs = inputs / np.maximum(1 - (inputs**2).sum(axis=1, keepdims=True), 1e-6)
        made = np.zeros((2, len(inputs), self.dimension), np.float32)
        made[0, :, : inputs.shape[1]], made[1, :, : inputs.shape[1]] = inputs, outputs
        return made[0], made[1]


SOLVERS: dict[str, type[Dense] | type[LowRank]] = {"dense": Dense, "low-rank": LowRank}
