"""The product's walker and the ways that need no package of their own, timed when told (see `walks.py`)."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path

import numba
import numpy as np
import scipy.sparse
from pyarrow import csv

from tasks.core.arrays import save
from tasks.core.graph import Cooccurrence, Graph, Tables
from tasks.core.histories import Histories
from tasks.core.store import Store
from tasks.core.walks import walk
from tasks.graph.alias import alias_slots
from tasks.graph.laws.cooccurrence import build_cooccurrence
from tasks.graph.laws.degree_penalised import build_degree_penalised
from tasks.graph.pairs import Nearness
from tests.graphs import window_tables

LENGTH, WALKS, DRAWS = 81, 60_000, 2_000_000
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def read(path: str, at_least: float) -> Histories:
    """A csv's users, items and times, rows rated so or more."""
    table = csv.read_csv(path)
    names = [next(name for name in names if name in table.column_names) for names in (("user_id", "userId"), ("item_id", "movieId"))]
    kept = table["rating"].to_numpy() >= at_least
    user, item, second = (table[name].to_numpy()[kept] for name in (*names, "timestamp"))
    order = np.lexsort((second, user))
    user, item = (np.unique(column, return_inverse=True)[1].astype(np.int32) for column in (user, item))
    return Histories.of(user[order], item[order], second[order].astype(np.int64), int(user.max()) + 1)


def stored(folder: str, tables: Cooccurrence) -> Graph:
    """The graph as the stage stores it, read back memory-mapped."""
    store = Store(Path(folder).absolute().as_uri())
    with store.writing("graph", "graphs", "bench", "2003-03-01", "bench") as draft:
        for field in dataclasses.fields(tables):
            save(draft.path / f"{field.name}.npy", getattr(tables, field.name))
        draft.facts = {"dataset": "bench", "day": "2003-03-01", "snapshot": "bench", "law": tables.law, "law_version": tables.version}
    return Graph(store.find("graphs", "bench", "2003-03-01", "bench"))


def cooccurrences(histories: Histories, items: int) -> scipy.sparse.csr_array:
    """w(i, j), counted pair by pair."""
    liked = scipy.sparse.csr_array((np.ones(len(histories.items), np.int32), histories.items, histories.offsets), (len(histories), items))
    w = (liked.T @ liked).tocsr()
    w.setdiag(0)
    w.eliminate_zeros()
    return w


def distances(tables: Tables, w: scipy.sparse.csr_array) -> dict:
    """Total variation distance of 2M draws from the law, of the walker's and of exact ones, for items of few to many neighbours."""
    random, order = np.random.default_rng(0), np.argsort(np.diff(w.indptr))
    order = order[np.diff(w.indptr)[order] > 0]
    found, noise = [], []
    for item in order[np.linspace(0, len(order) - 1, 5).astype(int)]:
        law = w[[item]].toarray()[0] / w[[item]].sum()
        there = dataclasses.replace(tables, entrance=np.array([[2**32 - 1, item, item]], np.uint32))
        counts = np.bincount(walk(there, 0, DRAWS, 2, seed=1)[:, 1], minlength=len(law))
        found.append(.5 * np.abs(counts / DRAWS - law).sum())
        noise.append(np.mean([.5 * np.abs(random.multinomial(DRAWS, law) / DRAWS - law).sum() for _ in range(5)]))
    return {"tv": round(float(np.mean(found)), 6), "tv_noise": round(float(np.mean(noise)), 6)}


def by_choice(w: scipy.sparse.csr_array, steps: int = 20_000) -> int:
    """Steps as tutorials draw them: `numpy.choice` among the neighbours with probabilities made before."""
    random, here = np.random.default_rng(0), int(np.argmax(np.diff(w.indptr)))
    for _ in range(steps):
        here = random.choice(by_choice.neighbours[here], p=by_choice.probabilities[here])
    return steps


def prepare_choice(w: scipy.sparse.csr_array) -> None:
    """Neighbours and probabilities of every item."""
    by_choice.neighbours = np.split(w.indices, w.indptr[1:-1])
    by_choice.probabilities = [one / one.sum() for one in np.split(w.data.astype(np.float64), w.indptr[1:-1])]


@numba.njit(nogil=True)
def by_alias(offsets, thresholds, targets, others, starts, seed, walks):
    """Alias tables in compressed sparse rows, one walk after the other; xorshift64* (Vigna 2016) for random numbers."""
    x = seed
    for w in range(len(walks)):
        here = np.int64(starts[w])
        walks[w, 0] = here
        for step in range(1, walks.shape[1]):
            x ^= x >> np.uint64(12)
            x ^= x << np.uint64(25)
            x ^= x >> np.uint64(27)
            bits = x * np.uint64(0x2545F4914F6CDD1D)
            begin = offsets[here]
            slot = begin + np.int64(((bits >> np.uint64(32)) * np.uint64(offsets[here + 1] - begin)) >> np.uint64(32))
            here = np.int64(targets[slot] if (bits & np.uint64(0xFFFFFFFF)) < thresholds[slot] else others[slot])
            walks[w, step] = here


class Own:
    """Every way over one graph."""

    def __init__(self, ratings: str, store: str, edges: str) -> None:
        histories = read(ratings, 4)
        items = int(histories.items.max()) + 1
        self.w = cooccurrences(histories, items)
        self.laws = {"cooccurrence": stored(store, build_cooccurrence(histories, items)).tables,
                     "degree-penalised": build_degree_penalised(histories, items, 0.5), "window": window_tables(histories, items, Nearness(5))}
        slots = alias_slots(self.w.indptr.astype(np.int64), self.w.indices, self.w.data)
        self.alias = [self.w.indptr.astype(np.int64), *(np.ascontiguousarray(slots[:, column]) for column in range(3))]
        prepare_choice(self.w)
        np.savez(edges, data=self.w.data.astype(np.float32), indices=self.w.indices.astype(np.uint32), indptr=self.w.indptr.astype(np.uint32))

    def do(self, what: str) -> dict:
        """Draw so; steps and seconds."""
        if what == "law":
            return distances(self.laws["cooccurrence"], self.w)
        starts = walk(self.laws["cooccurrence"], 0, WALKS, 1, seed=0)[:, 0]
        begun = time.perf_counter()
        if what == "choice":
            steps = by_choice(self.w)
        elif what == "alias":
            by_alias(*self.alias, starts, GOLDEN, np.empty((WALKS, LENGTH), np.int32))
            steps = WALKS * (LENGTH - 1)
        else:
            count, length = (WALKS * 20, 4) if what == "short" else (WALKS, LENGTH)
            walk(self.laws[what.split()[0] if what != "short" else "cooccurrence"], 0, count, length, 0, 2 if what.endswith(" 2") else 1)
            steps = count * (length - 1)
        return {"steps": steps, "seconds": time.perf_counter() - begun}


def main() -> int:
    own = Own(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps(own.do(line.strip())), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
