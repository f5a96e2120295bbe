"""Building of a FAISS index by inner product from its factory string."""

from __future__ import annotations

import faiss
import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.index.index_size import ALLOWED, padded_dimension, parse_factory

BUILD_EFFORT = 80  # HNSW's efConstruction
# Training vectors of each centroid of k-means. With 100 the recall is the same (.983 at a million
# vectors, 32 lists) and the training takes twice as long.
VECTORS_PER_CENTROID = 40


def build_index(vectors: np.ndarray, factory: str) -> faiss.Index:
    """Train and fill the index of `vectors`, float32 (n, d).

    LSH knows no metric (it compares signs), so it is built without one, and with random rotations
    when it has more bits than the vectors have dimensions. Its results are re-scored by inner
    product like those of every other kind.

    Raises:
        BadRequest: not a factory string, or the kind needs more vectors than there are.
    """
    parts = parse_factory(factory)
    try:
        if parts["lists"]:
            return _lists(vectors, factory, parts["listed"])
        index = _index(vectors.shape[1], factory, parts)
        index.train(vectors)
        index.add(vectors)
        return index
    except RuntimeError as error:
        raise BadRequest(
            f"{factory} cannot be made of {len(vectors)} vectors ({_reason(error)})",
            got=f"{vectors.shape[1]} dimensions",
            allowed=ALLOWED,
            remedy="Flat is exact and fast enough for a catalogue of this size",
        ) from None


def _index(dimension: int, factory: str, parts: dict[str, str]) -> faiss.Index:
    if parts["bits"]:
        return faiss.index_factory(
            dimension, factory + "r" * (int(parts["bits"]) > dimension), faiss.METRIC_L2
        )
    index = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
    if "PQ" in factory:
        # Polysemous training anneals for minutes, for a kind of search that is not used here.
        index.do_polysemous_training = False
    if parts["links"]:
        index.hnsw.efConstruction = BUILD_EFFORT
        # Pruning by inner product links all vectors to the few longest and leaves others
        # unreachable: recall@50 ends at .96. With its lists filled up again the graph reaches
        # .9999. Vectors made equally long (as for inverted lists) make it worse: .78.
        index.keep_max_size_level0 = True
    return index


def _lists(vectors: np.ndarray, factory: str, code: str) -> faiss.Index:
    """Inverted lists over vectors that an added dimension makes equally long.

    The nearest by distance is then the best by inner product.

    |q − x|² = |q|² + |x|² − 2 q·x orders by q·x once all |x| are equal: x gets √(M² − |x|²), M the
    greatest length, and the query gets 0 (Bachrach et al. 2014, "Speeding up the Xbox recommender
    system using a Euclidean transformation for inner-product spaces"). 100,000 vectors of the
    benchmark, 16 of 1,265 lists searched: recall@50 .993; by inner product itself .711.
    """
    d, wide = vectors.shape[1], padded_dimension(code, vectors.shape[1])
    squares = np.square(vectors, dtype=np.float64).sum(axis=1)
    longer = np.zeros((len(vectors), wide), np.float32)
    longer[:, :d], longer[:, d] = vectors, np.sqrt(squares.max() - squares)
    lists = faiss.index_factory(wide, factory, faiss.METRIC_L2)
    if "PQ" in factory:
        lists.do_polysemous_training = False
    lists.cp.max_points_per_centroid = VECTORS_PER_CENTROID
    lists.train(longer)
    lists.add(longer)
    widen = faiss.RemapDimensionsTransform(d, wide, False)
    faiss.copy_array_to_vector(np.array([*range(d), *[-1] * (wide - d)], np.int32), widen.map)
    index = faiss.IndexPreTransform(widen, lists)
    index.ntotal = lists.ntotal
    return index


def _reason(error: RuntimeError) -> str:
    """The last sentence of a message of FAISS; the rest is C++ for FAISS's developers."""
    return str(error).rsplit("failed: ", 1)[-1].rsplit(": ", 1)[-1].strip()
