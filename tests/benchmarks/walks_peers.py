"""Walks as others draw them: `numpy.choice` over precomputed probabilities, and alias tables
without anything clever.
"""

from __future__ import annotations

import numba
import numpy as np
from scipy.sparse import csr_matrix

from tasks.graph.alias import alias_slots


class Choice:
    """One `choice` a step, over the neighbours and probabilities of each item, prepared
    beforehand.
    """

    def __init__(self, graph: csr_matrix) -> None:
        rows = [slice(*graph.indptr[item : item + 2]) for item in range(graph.shape[0])]
        self.neighbours = [graph.indices[row] for row in rows]
        self.probabilities = [graph.data[row] / graph.data[row].sum() for row in rows]

    def walk(self, start: int, steps: int, random: np.random.RandomState) -> list[int]:
        walked, here = [start], start
        for _ in range(steps):
            here = random.choice(self.neighbours[here], p=self.probabilities[here])
            walked.append(here)
        return walked


class Alias:
    """Alias tables (Walker 1977) beside compressed sparse rows, in arrays of their own; one walk
    after the other.
    """

    def __init__(self, graph: csr_matrix) -> None:
        self.offsets, self.neighbours = (
            graph.indptr.astype(np.int64),
            graph.indices.astype(np.int32),
        )
        slots = alias_slots(self.offsets, graph.indices, graph.data.astype(np.int64))
        self.kept, self.own, self.other = (
            slots[:, 0] / 2.0**32,
            slots[:, 1].astype(np.int32),
            slots[:, 2].astype(np.int32),
        )

    def walk(self, starts: np.ndarray, length: int, seed: int) -> np.ndarray:
        """int32 (walks, length)."""
        return _walk(self.offsets, self.kept, self.own, self.other, starts, length, seed)


@numba.njit(nogil=True)
def _walk(offsets, kept, own, other, starts, length, seed):
    np.random.seed(seed)
    walks = np.empty((len(starts), length), np.int32)
    for number in range(len(starts)):
        here = starts[number]
        walks[number, 0] = here
        for step in range(1, length):
            slot = offsets[here] + np.random.randint(0, offsets[here + 1] - offsets[here])
            here = own[slot] if np.random.random() < kept[slot] else other[slot]
            walks[number, step] = here
    return walks
