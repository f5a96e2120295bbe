"""Search in a FAISS file, as it is probed and as it is served: what the index returns is re-scored by the exact inner product.

So every kind of index gives true scores in true order, and the kind only decides which rows are found. One query uses one
thread; a service runs several queries side by side.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # on a busy machine, threads that spin while they wait cost a factor of fifty

import faiss  # noqa: E402
import numpy as np

from tasks.core.errors import Corrupt
from tasks.core.ranking import score


def open_index(path: Path) -> faiss.Index:
    """A FAISS file, memory-mapped where its kind allows it.

    Raises:
        Corrupt: not a FAISS file, or a cut one.
    """
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise Corrupt(f"{path} cannot be read as a FAISS index ({str(error)[-160:]})",
                      remedy="delete its folder and run the stage that makes it again") from None


class Searcher:
    """Top-k by inner product through an index.

    Args:
        index: over `vectors`, row by row.
        vectors: float32 (n, d).

    Raises:
        Corrupt: they differ in number or dimension.
    """

    def __init__(self, index: faiss.Index, vectors: np.ndarray) -> None:
        if (index.ntotal, index.d) != vectors.shape:
            raise Corrupt("the index is not of these vectors", got=f"{index.ntotal} × {index.d}",
                          allowed=f"{len(vectors)} × {vectors.shape[1]}")
        self.index, self.vectors = index, vectors

    def search(self, query: np.ndarray, k: int, without: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the k best vectors that are not in `without`, best first, and their scores.

        Args:
            query: float32 (d), or several vectors side by side, (interests d): each searches, the best score of an item counts.
            k: how many; fewer come back when there are fewer, or when an approximate index finds fewer.
            without: rows to leave out; the index is asked for that many more.

        Returns:
            int64 (≤ k), float32 (≤ k); equal scores are ordered by row.
        """
        without = np.zeros(0, np.int64) if without is None else without
        asked = min(len(self.vectors), k + len(without))
        parts = np.ascontiguousarray(query, np.float32).reshape(-1, self.vectors.shape[1])
        rows = self.index.search(parts, asked)[1]
        rows = rows[0] if len(parts) == 1 else np.unique(rows)
        rows = rows[rows >= 0]
        if len(without):
            rows = rows[~np.isin(rows, without)]
        scores = score(query[None], self.vectors[rows])[0]
        order = np.lexsort((rows, -scores))[:k]
        return rows[order], scores[order]
