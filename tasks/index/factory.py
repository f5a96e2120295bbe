"""A FAISS index from its factory string, by inner product."""

from __future__ import annotations

import re

import faiss
import numpy as np

from tasks.core.errors import BadRequest

LSH = re.compile(r"LSH(\d+)")


def make(vectors: np.ndarray, factory: str, search: str = "") -> faiss.Index:
    """Train and fill the index of `vectors`, float32 (n, d).

    LSH knows no metric (it compares signs), so it is made without one, and with random rotations when it has more bits than the
    vectors have dimensions; its finds are re-scored by inner product like all others.

    Raises:
        BadRequest: not a factory string, a kind that needs more points than there are, or a parameter this kind has not.
    """
    if (bits := LSH.fullmatch(factory)) and int(bits[1]) > vectors.shape[1]:
        factory += "r"
    metric = faiss.METRIC_L2 if factory.startswith("LSH") else faiss.METRIC_INNER_PRODUCT
    try:
        index = faiss.index_factory(vectors.shape[1], factory, metric)
    except RuntimeError as error:
        raise BadRequest("FAISS makes no index of this factory string", got=factory, allowed=_reason(error),
                         remedy="Flat, IVF256,Flat, HNSW32, LSH256, SQ8 or PQ16") from None
    try:
        index.train(vectors)
        index.add(vectors)
    except RuntimeError as error:
        raise BadRequest(f"{factory} cannot be trained on {len(vectors)} vectors ({_reason(error)})",
                         got=f"{vectors.shape[1]} dimensions",
                         remedy="Flat is exact and fast enough for a catalogue of this size") from None
    if search:
        _tune(index, factory, search)
    return index


def _tune(index: faiss.Index, factory: str, search: str) -> None:
    try:
        faiss.ParameterSpace().set_index_parameters(index, search)
    except RuntimeError as error:
        raise BadRequest(f"{factory} has no such search parameter ({_reason(error)})", got=search,
                         allowed="nprobe=… for IVF, efSearch=… for HNSW, nothing for the others") from None


def _reason(error: RuntimeError) -> str:
    """The last sentence of what FAISS says: the part before it is C++ for FAISS's own developers."""
    return str(error).rsplit("failed: ", 1)[-1].rsplit(": ", 1)[-1].strip()
