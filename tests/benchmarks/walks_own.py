"""The walker and the peers that live in its environment, each timed when it is told to (see
`walks.py`).
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pyarrow import csv

from tasks.core.data.graph import Cooccurrence, Tables, Window
from tasks.core.data.histories import Histories
from tasks.core.models.cooccurrence import like_matrix
from tasks.core.models.walks import walk
from tasks.core.store.arrays import load, save
from tasks.core.store.store import Store
from tasks.graph.edges import write_rows
from tasks.graph.laws.cooccurrence import build_cooccurrence
from tasks.graph.laws.degree_penalised import build_degree_penalised
from tasks.graph.laws.window import write_edges
from tasks.graph.pairs import PairWeights
from tests.benchmarks.walks_peers import Alias, Choice

LENGTH, WALKS, OWN, SHORT, CHOICE_STEPS = (
    81,
    60_000,
    400_000,
    4,
    8_000,
)  # the walker draws more, to be timed as long as the others
DRAWS, LAWFUL = 2_000_000, 5  # draws of the law, from so many items
ALWAYS = 2**32 - 1


def read(path: str, minimum_rating: float) -> Histories:
    """Users' items in the order of the file, both numbered from 0 by their ids."""
    table = csv.read_csv(path)
    user, item, rating = (table.column(n).to_numpy() for n in range(3))
    kept = rating >= minimum_rating
    user, item = (np.unique(column[kept], return_inverse=True)[1] for column in (user, item))
    order = np.argsort(user, kind="stable")
    return Histories.of(user[order], item[order], np.arange(len(order)), int(user.max()) + 1)


def stored(folder: str, tables: Tables) -> None:
    """The graph as the stage keeps it."""
    with Store(Path(folder).absolute().as_uri()).writing(
        "graph", "graphs", "bench", "2003-03-01", "bench"
    ) as draft:
        for field in dataclasses.fields(tables):
            save(draft.path / f"{field.name}.npy", getattr(tables, field.name))
        draft.facts = {
            "dataset": "bench",
            "day": "2003-03-01",
            "snapshot": "bench",
            "law": tables.law,
            "law_version": tables.version,
        }
        draft.lineage = {"parents": []}


def windowed(histories: Histories, items: int) -> Window:
    """Items at most 5 places apart."""
    with tempfile.TemporaryDirectory() as name:
        folder, nearness = Path(name), PairWeights(5)
        (folder / "edges").mkdir()
        write_edges(
            folder,
            dataclasses.replace(histories, timestamps=np.zeros(len(histories.items), np.int64)),
            items,
            nearness,
        )
        write_rows(folder, items, nearness, 0, "strength")
        return Window(
            **{
                field.name: load(folder / f"{field.name}.npy")
                for field in dataclasses.fields(Window)
            }
        )


class Ways:
    """Every way of walking on one graph."""

    def __init__(self, histories: Histories) -> None:
        items = int(histories.items.max()) + 1
        liked = like_matrix(histories, items, np.int64)
        self.graph = (liked.T @ liked).tocsr()
        self.graph.setdiag(0)
        self.graph.eliminate_zeros()
        self.own: Cooccurrence = build_cooccurrence(histories, items)
        self.tables = {
            "degree-penalised": build_degree_penalised(histories, items, 0.5),
            "window": windowed(histories, items),
        }
        self.choice, self.alias = Choice(self.graph), Alias(self.graph)
        self.starts = walk(self.own, 0, WALKS, 1, seed=1)[:, 0].astype(np.int64)
        self.turn = 0

    def timed(self, what: str) -> dict:
        """Steps and seconds of one turn."""
        self.turn += 1
        first, begun = self.turn * OWN, time.perf_counter()
        if what == "choice":
            steps = (
                len(
                    self.choice.walk(
                        int(self.starts[0]), CHOICE_STEPS, np.random.RandomState(self.turn)
                    )
                )
                - 1
            )
        elif what == "alias":
            steps = self.alias.walk(self.starts, LENGTH, self.turn).size - WALKS
        elif what == "short":
            steps = walk(self.own, 20 * first, 20 * OWN, SHORT, seed=0).size - 20 * OWN
        else:
            law, _, threads = what.partition(" ")
            steps = (
                walk(
                    self.tables.get(law, self.own),
                    first,
                    OWN,
                    LENGTH,
                    seed=0,
                    threads=int(threads or 1),
                ).size
                - OWN
            )
        return {"steps": steps, "seconds": time.perf_counter() - begun}

    def law(self) -> dict:
        """Total variation distance of single steps to the exact law, and that of as many exact
        draws; means over items of every popularity.
        """
        by_strength = np.argsort(np.asarray(self.graph.sum(axis=1)).ravel())
        chosen = by_strength[
            np.linspace(len(by_strength) // 2, len(by_strength) - 1, LAWFUL).astype(int)
        ]
        random, own, noise = np.random.default_rng(0), [], []
        for item in chosen.tolist():
            entered = dataclasses.replace(
                self.own, entrance=np.array([[ALWAYS, item, item]], np.uint32)
            )
            exact = self.graph[item].toarray()[0] / self.graph[item].sum()
            for found, counts in (
                (own, np.bincount(walk(entered, 0, DRAWS, 2, seed=3)[:, 1], minlength=len(exact))),
                (noise, random.multinomial(DRAWS, exact)),
            ):
                found.append(np.abs(counts / DRAWS - exact).sum() / 2)
        return {"tv": round(float(np.mean(own)), 5), "tv_noise": round(float(np.mean(noise)), 5)}


def main() -> int:
    ratings, store, edges = sys.argv[1:4]
    ways = Ways(read(ratings, 4))
    stored(store, ways.own)
    np.savez(
        edges,
        IDs=np.arange(ways.graph.shape[0]).astype(str),
        data=ways.graph.data.astype(np.float32),
        indptr=ways.graph.indptr,
        indices=ways.graph.indices,
    )
    for line in sys.stdin:
        print(
            json.dumps(ways.law() if line.strip() == "law" else ways.timed(line.strip())),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
