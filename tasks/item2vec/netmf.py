"""What skip-gram on two-step walks would converge to, in closed form: a factorised matrix instead of a training.

With x the user-item matrix, f_i the users of item i and n_u the items of user u, M_ij = Σ_u (x_ui / f_i) (x_uj / n_u) is the
probability that a walk goes from item i over one of its users to item j. Skip-gram with noise by popularity to the power α
factorises log(M_ij / f_j^α) up to a constant (Levy and Goldberg 2014; for DeepWalk: Qiu et al. 2018, "Network Embedding as Matrix
Factorization"). Here the constant is a quantile of the finite entries, what lies below it is cut to zero, and the leading d
singular directions are kept (Halko et al. 2011), each side with the square root of the values.

The matrix is dense: 4 n² bytes for n items, about three times that at the peak (4.8 GB for 20,000 items).
"""

from __future__ import annotations

import numpy as np

from tasks.core.errors import BadRequest, RefusedData
from tasks.core.histories import Histories
from tasks.core.log import Progress
from tasks.item2vec.likes import likes
from tasks.item2vec.vectors import Vectors

QUANTILE = 0.7  # of the finite entries
EXTRA, ROUNDS = 20, 6  # directions beyond d, and rounds of power iteration
BLOCK = 1024  # rows filled at a time
LARGEST = 20_000  # items: the dense matrix has the square of it


def check(items: int) -> None:
    """Refuse a catalogue whose matrix would not fit.

    Raises:
        BadRequest: it is too large.
    """
    if items > LARGEST:
        raise BadRequest("the closed form needs a dense matrix of items × items", got=f"{items} items", allowed=f"at most {LARGEST}",
                         remedy="set settings.trainer to gensim or auto, or raise minimum_count")


def factorise(histories: Histories, known: np.ndarray, dimension: int, exponent: float, seed: int) -> Vectors:
    """Vectors of the items that walks lead to.

    Args:
        histories: liked items of every user.
        known: bool (items of the table), those that get a vector.
        dimension: d; fewer when there are fewer items, the rest is zero.
        exponent: α.
        seed: of the first random directions.

    Raises:
        RefusedData: no two items share a user.
    """
    rows = np.flatnonzero(known).astype(np.int32)
    places = np.full(len(known), -1, np.int32)
    places[rows] = np.arange(len(rows))
    matrix = _logarithms(histories.renamed(places), len(rows), exponent)
    if not matrix.any():
        raise RefusedData("no two items of the vocabulary are liked by one user, so no walk leads anywhere",
                          got=f"{len(rows)} items, {len(histories)} users", remedy="lower minimum_count, or ingest more data")
    inputs, outputs = _halves(matrix, dimension, np.random.default_rng(seed))
    met = inputs.any(axis=1) & outputs.any(axis=1)
    return Vectors(rows[met], inputs[met], outputs[met])


def _logarithms(histories: Histories, items: int, exponent: float) -> np.ndarray:
    """float32 (items, items): log(M / f^α) less its quantile, cut at zero."""
    liked = likes(histories, items)
    users, own = liked.getnnz(axis=0), liked.getnnz(axis=1)
    back = liked.multiply(1 / np.maximum(own, 1)[:, None]).tocsr()
    there = liked.T.tocsr().multiply(1 / np.maximum(users, 1)[:, None]).tocsr()
    noise = np.maximum(users, 1) ** exponent
    matrix = np.empty((items, items), np.float32)
    with Progress("item2vec.netmf", items, "rows") as progress:
        for start in range(0, items, BLOCK):
            part = (there[start:start + BLOCK] @ back).toarray()
            with np.errstate(divide="ignore"):
                matrix[start:start + BLOCK] = np.log(part / noise)
            progress.add(len(part))
    finite = matrix[np.isfinite(matrix)]
    matrix -= np.quantile(finite, QUANTILE, overwrite_input=True) if len(finite) else 0
    return np.maximum(matrix, 0, out=matrix)


def _halves(matrix: np.ndarray, dimension: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """U √S and V √S of the leading singular directions, float32 (items, dimension)."""
    items, kept = len(matrix), min(dimension, len(matrix))
    basis = matrix @ random.standard_normal((items, min(kept + EXTRA, items)), np.float32)
    for _ in range(ROUNDS):
        basis = matrix @ (matrix.T @ np.linalg.qr(basis)[0])
    basis = np.linalg.qr(basis)[0]
    left, values, right = np.linalg.svd(basis.T @ matrix, full_matrices=False)
    halves = np.zeros((2, items, dimension), np.float32)
    root = np.sqrt(values[:kept])
    halves[0, :, :kept], halves[1, :, :kept] = (basis @ left[:, :kept]) * root, right[:kept].T * root
    return halves[0], halves[1]
