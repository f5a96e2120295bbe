"""Search in a FAISS file, as it is probed and as it is served: what the index returns is re-scored
by the exact inner product.

So every kind of index gives true scores in true order, and the kind only decides which rows are
found. One query uses one thread; a service runs several queries side by side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np

from tasks.core.cli.errors import Corrupt
from tasks.core.data.histories import Histories
from tasks.core.retrieval.top_k import inner_products

# of an inverted index's lists, above which many queries at once are answered by one product with
# all vectors
SCANNED_SHARE = 0.2


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """FAISS on the calling thread alone. OpenMP keeps its number of threads for each thread apart,
    and one that a service starts has as many as there are cores: exact search by several such
    workers took a hundred times as long."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def open_index(path: Path) -> faiss.Index:
    """A FAISS file, memory-mapped where its kind allows it.

    Raises:
        Corrupt: not a FAISS file, or a cut one.
    """
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise Corrupt(
            f"{path} cannot be read as a FAISS index ({str(error)[-160:]})",
            remedy="delete its folder and run the stage that makes it again",
        ) from None


class Searcher:
    """Top-k by inner product through an index.

    Args:
        index: over `vectors`, row by row.
        vectors: float32 (n, d).
        depth: the index is asked for so many times as many rows as are wanted: a coarse one finds
            in its first thousand what exact search has in its first hundred.

    Raises:
        Corrupt: they differ in number or dimension.
    """

    def __init__(self, index: faiss.Index, vectors: np.ndarray, depth: int = 1) -> None:
        if (index.ntotal, index.d) != vectors.shape:
            raise Corrupt(
                "the index is not of these vectors",
                got=f"{index.ntotal} × {index.d}",
                allowed=f"{len(vectors)} × {vectors.shape[1]}",
            )
        self.index, self.vectors, self.depth = index, vectors, depth

    def search(
        self, query: np.ndarray, k: int, without: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the k best vectors that are not in `without`, best first, and their scores.

        Args:
            query: float32 (d), or several vectors side by side, (interests d): each searches, the
                best score of an item counts.
            k: how many; fewer come back when there are fewer, or when an approximate index finds
                fewer.
            without: rows to leave out; the index is asked for that many more.

        Returns:
            int64 (≤ k), float32 (≤ k); equal scores are ordered by row.
        """
        without = np.zeros(0, np.int64) if without is None else without
        candidates = min(len(self.vectors), k * self.depth + len(without))
        parts = self._parts(query)
        with one_thread():
            rows = self.index.search(parts, candidates)[1]
        rows = rows[0] if len(parts) == 1 else np.unique(rows)
        rows = rows[rows >= 0]
        if len(without):
            rows = rows[~np.isin(rows, without)]
        scores = inner_products(query[None], self.vectors[rows])[0]
        order = np.lexsort((rows, -scores))[:k]
        return rows[order], scores[order]

    def search_many(
        self, queries: np.ndarray, k: int, without: Histories, at_once: int = 200_000
    ) -> np.ndarray:
        """The same for many queries, in blocks: int32 (q, k), −1 where there are no more.

        Args:
            queries: float32 (q, d), or (q, interests d).
            without: rows to leave out, one list a query (q users).
            at_once: rows scored at a time.
        """
        best = np.full((len(queries), k), -1, np.int32)
        order = np.argsort(without.lengths, kind="stable")
        start = 0
        while start < len(order):
            wide = min(len(self.vectors), k * self.depth + int(without.lengths[order[start]]))
            block = order[start : start + max(1, at_once // wide)]
            candidates = min(len(self.vectors), k * self.depth + int(without.lengths[block[-1]]))
            found = self._block(queries[block], candidates, without.select_users(block))[:, :k]
            best[block, : found.shape[1]] = found
            start += len(block)
        return best

    def _block(self, queries: np.ndarray, candidates: int, without: Histories) -> np.ndarray:
        rows = self._found(self._parts(queries), candidates).reshape(len(queries), -1)
        vectors, d, stride = (
            self.vectors[np.maximum(rows, 0)],
            self.vectors.shape[1],
            len(self.vectors),
        )
        scores = np.einsum("qkd,qd->qk", vectors, queries[:, :d], optimize=False)
        for begin in range(d, queries.shape[1], d):
            np.maximum(
                scores,
                np.einsum("qkd,qd->qk", vectors, queries[:, begin : begin + d], optimize=False),
                out=scores,
            )
        if queries.shape[1] > d:
            rows = _once(rows)
        mine, seen = (
            np.arange(len(queries))[:, None] * stride + rows,
            without.users().astype(np.int64) * stride + without.items,
        )
        scores[(rows < 0) | np.isin(mine, seen)] = -np.inf
        order = np.lexsort((rows, -scores), axis=1)
        return np.where(
            np.take_along_axis(scores, order, axis=1) > -np.inf,
            np.take_along_axis(rows, order, axis=1),
            -1,
        ).astype(np.int32)

    def _found(self, parts: np.ndarray, candidates: int) -> np.ndarray:
        """int64 (q, candidates): what the index finds for many at once; where it would scan much of
        the vectors, the exact best by one product with all: lists are scanned query by query, which
        takes five to fifty times as long a vector."""
        inverted = faiss.try_extract_index_ivf(self.index)
        if inverted is not None and inverted.nprobe > SCANNED_SHARE * inverted.nlist:
            return faiss.knn(
                parts,
                np.ascontiguousarray(self.vectors),
                candidates,
                metric=faiss.METRIC_INNER_PRODUCT,
            )[1]
        return self.index.search(parts, candidates)[1]

    def _parts(self, queries: np.ndarray) -> np.ndarray:
        """float32 (q interests, d): each interest asks the index for itself."""
        return np.ascontiguousarray(queries, np.float32).reshape(-1, self.vectors.shape[1])


def _once(rows: np.ndarray) -> np.ndarray:
    """int64 (q, k): what several interests found, each row once, the others −1."""
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    again = np.zeros(rows.shape, bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    found = rows.copy()
    np.put_along_axis(found, order, np.where(again, -1, ordered), axis=1)
    return found
