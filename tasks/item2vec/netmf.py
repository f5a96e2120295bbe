"""NetMF: the closed form that skip-gram converges to, by factorising the law of walks or of
sequences instead of sampling it.

The leading d singular directions of the law's matrix (`tasks.item2vec.log_transitions`), each side
with the square root of the values: inputs · outputs' is the best approximation of rank d.

The matrix is dense: 4 n² bytes for n items, about three times that at the peak (4.8 GB for 20,000
items).
"""

from __future__ import annotations

import numpy as np

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.histories import Histories
from tasks.core.models.item_vectors import ItemVectors, row_positions
from tasks.core.models.svd import truncated_svd
from tasks.core.retrieval.unit_rows import unit_rows
from tasks.item2vec import log_transitions

ROUNDING_SHARE = 1e-12  # of the longest vector
MAX_ITEMS = 20_000  # items: the dense matrix has the square of it


def check(items: int) -> None:
    """Refuse a catalogue whose matrix would not fit.

    Raises:
        BadRequest: it is too large.
    """
    if items > MAX_ITEMS:
        raise BadRequest(
            "the closed form needs a dense matrix of items × items",
            got=f"{items} items",
            allowed=f"at most {MAX_ITEMS}",
            remedy="set settings.trainer to gensim or auto, or raise minimum_count",
        )


def factorise(
    histories: Histories,
    known: np.ndarray,
    dimension: int,
    exponent: float,
    seed: int,
    corpus: str = "walks",
) -> ItemVectors:
    """Vectors of the items that lead to another.

    Args:
        histories: liked items of every user, oldest first.
        known: bool (items of the table), those that get a vector.
        dimension: d; what is more than the number of items is zero.
        exponent: α.
        seed: of the first random directions.
        corpus: `walks`, `sequences`, or `mixed`: half of the dimensions from each, input vectors of
            equal length in both.

    Raises:
        RefusedData: no two items share a user, or all do alike.
    """
    rows, random = np.flatnonzero(known).astype(np.int32), np.random.default_rng(seed)
    own = histories.remap_items(row_positions(rows, len(known)))
    halves = (("walks", dimension - dimension // 2), ("sequences", dimension // 2))
    parts = halves if corpus == "mixed" else ((corpus, dimension),)
    factors = [
        truncated_svd(LAWS[law](own, len(rows), exponent), width, random) for law, width in parts
    ]
    inputs = np.hstack([unit_rows(one) if len(parts) > 1 else one for one, _ in factors])
    inputs = inputs.astype(np.float32)
    outputs = np.hstack([one for _, one in factors])
    met = _says(inputs) & _says(outputs)
    if not met.any():
        raise _nothing_learned(rows, len(histories), int((own.lengths > 1).sum()))
    return ItemVectors(rows[met], inputs[met], outputs[met])


def _nothing_learned(rows: np.ndarray, users: int, users_with_two: int) -> RefusedData:
    if users_with_two:
        what = (
            "no two items of the vocabulary stand together more often than by chance, so nothing "
            "leads anywhere"
        )
        remedy = "; or set settings.trainer to auto or gensim"
    else:
        what = "no two items of the vocabulary are liked by one user, so nothing leads anywhere"
        remedy = ""
    return RefusedData(
        what,
        got=f"{len(rows)} items, {users} users, {users_with_two} of them with two items or more",
        remedy="lower minimum_count, or ingest more data" + remedy,
    )


def _says(vectors: np.ndarray) -> np.ndarray:
    """bool (items): longer than what rounding leaves of a row of zeros."""
    lengths = np.linalg.norm(vectors, axis=1)
    return lengths > ROUNDING_SHARE * max(
        float(lengths.max(initial=0)), float(np.finfo(np.float32).tiny)
    )


LAWS = {
    "walks": log_transitions.walk_transitions,
    "sequences": log_transitions.sequence_transitions,
}
