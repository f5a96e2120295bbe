"""What matters for item2vec: `make ablation`. One thing is changed at a time from two starting
points, on the validation rows.

`w2v`: word2vec on users' own sequences, its output vectors searched by a decayed mean of its input
vectors. `closed`: the closed form of two-step walks with the decoder that fits the protocol. The
rows marked * are also judged on the test rows, once the choice is made; nothing is chosen by them.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_limits

from infra.environments.names import state
from tasks.core.data.graph import Graph
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries, Snapshot
from tasks.core.models.decoders.causal import Causal
from tasks.core.models.decoders.model_selection import CAUSAL_RIDGES, select_model
from tasks.core.models.decoders.search_model import SearchChoice, SearchModel
from tasks.core.models.item_vectors import ItemVectors
from tasks.core.models.validation import Validation
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.retrieval.encoders import ScalesEncoder
from tasks.core.retrieval.top_k import top_k
from tasks.core.retrieval.unit_rows import unit_rows
from tasks.core.store.store import Store
from tasks.evaluate.measure import hits
from tasks.evaluate.metrics import ACCURACY
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.settings import FitRequest, Settings
from tasks.item2vec.training import learn
from tests.benchmarks.quality import ingest, recipe

METRICS = ("hr_10", "ndcg_10", "recall_50")
W2V = Settings(
    trainer="gensim",
    decoder="none",
    corpus="sequences",
    algorithm="skip-gram",
    dimension=32,
    window=4,
    negative_exponent=0.2,
    popularity=0,
    epochs=30,
    patience=30,
)
HOPS = dataclasses.replace(
    W2V, corpus="walks", algorithm="cbow", walk_length=3, walk_words=1, negative_exponent=0.57
)
CLOSED = Settings(trainer="netmf", popularity=0)


def rows() -> list[tuple[str, str, Settings, bool]]:
    """Group, name, settings, and whether the row is also judged on test."""

    def w2v(**changed: object) -> Settings:
        return dataclasses.replace(W2V, **changed)

    def hops(**changed: object) -> Settings:
        return dataclasses.replace(HOPS, **changed)

    def closed(**changed: object) -> Settings:
        return dataclasses.replace(CLOSED, **changed)

    return [
        ("closed", "closed form + the best decoder (the default)", CLOSED, True),
        (
            "corpus",
            "closed form of sequences + the best decoder",
            closed(corpus="sequences"),
            False,
        ),
        ("corpus", "closed form of both + the best decoder", closed(corpus="mixed"), False),
        ("closed", "closed form, own outputs", closed(decoder="none"), False),
        (
            "closed",
            "closed form, own outputs + popularity dimension",
            closed(decoder="none", popularity=None),
            False,
        ),
        ("closed", "closed form + leave-one-out", closed(decoder="leave-one-out"), False),
        (
            "closed",
            "closed form + leave-one-out, mean of all as query",
            closed(decoder="leave-one-out", query_decay=0.0),
            False,
        ),
        ("closed", "closed form + causal", closed(decoder="causal"), False),
        ("exponent", "closed form, exponent 0", closed(negative_exponent=0.0), False),
        ("exponent", "closed form, exponent 1", closed(negative_exponent=1.0), False),
        ("dimension", "closed form, dimension 32", closed(dimension=32), False),
        ("dimension", "closed form, dimension 64", closed(dimension=64), False),
        ("dimension", "closed form, dimension 256", closed(dimension=256), False),
        ("w2v", "w2v (sequences, skip-gram, d32, w4, exponent .2, decayed query)", W2V, True),
        ("search", "input searched with input", W2V, True),
        ("query", "mean of all as query", w2v(query_decay=0.0), False),
        ("query", "decay 10", w2v(query_decay=10.0), False),
        ("query", "decay 2", w2v(query_decay=2.0), False),
        (
            "exponent",
            "negative exponent .75 (the default of word2vec)",
            w2v(negative_exponent=0.75),
            False,
        ),
        ("exponent", "negative exponent -.2", w2v(negative_exponent=-0.2), False),
        ("window", "window 2", w2v(window=2), False),
        ("window", "window 10", w2v(window=10), False),
        ("dimension", "dimension 16", w2v(dimension=16), False),
        ("dimension", "dimension 128", w2v(dimension=128), False),
        ("corpus", "hops: walks of 3, cbow, exponent .57", HOPS, True),
        ("corpus", "hops: walks of 20", hops(walk_length=20), False),
        ("corpus", "hops: skip-gram", hops(algorithm="skip-gram"), False),
        (
            "corpus",
            "mixed: sequences and walks of 3, cbow",
            hops(corpus="mixed", walk_words=0.5),
            False,
        ),
        ("decoder", "w2v + leave-one-out", w2v(decoder="leave-one-out"), False),
        ("decoder", "w2v + causal", w2v(decoder="causal"), False),
        ("decoder", "hops + leave-one-out", hops(decoder="leave-one-out"), True),
        ("decoder", "hops + causal", hops(decoder="causal"), False),
    ]


def judge(model: SearchModel, queries: Queries, items: int) -> dict[str, float]:
    """The metrics of the rows asked for, seen items left out."""
    positions = model.positions(items)
    best = top_k(
        model.encoder.encode(queries.histories.remap_items(positions)),
        model.candidates,
        50,
        queries.seen.remap_items(positions),
    )
    found, labels = hits(np.where(best >= 0, model.rows[best], -1), queries.labels, items)
    return {
        name: float(ACCURACY[name][0](found[:, : ACCURACY[name][1]], labels).mean())
        for name in METRICS
    }


def naive(vectors: ItemVectors, choice: SearchChoice) -> SearchModel:
    """What an index of input vectors is: input searched with input, by cosine."""
    inputs = unit_rows(vectors.inputs).astype(np.float32)
    return SearchModel(
        vectors.rows, inputs, ScalesEncoder(inputs, choice.decays, choice.last), choice
    )


def causal_models(vectors: ItemVectors, own: Histories) -> Iterator[tuple[str, list[SearchModel]]]:
    """The causal decoder with other time scales and horizons; each with the ridges that the stage
    tries.
    """
    inputs = unit_rows(vectors.inputs).astype(np.float32)
    for decays, horizon in (
        ((3.0,), None),
        ((30.0,), None),
        ((1.0, 5.0, 30.0), None),
        ((3.0, 30.0), None),
        ((3.0, 30.0), 6.0),
        ((3.0, 30.0), 30.0),
    ):
        decoder = Causal(inputs, own, decays, horizon)
        yield (
            f"closed form + causal, scales {', '.join(f'{one:g}' for one in decays)}, horizon "
            f"{horizon or 'next'}",
            [
                SearchModel.of(
                    vectors.rows,
                    inputs,
                    decoder.outputs(ridge),
                    SearchChoice("causal", decays, None, ridge, horizon),
                )
                for ridge in CAUSAL_RIDGES
            ],
        )


class Table:
    """Judges models on one protocol, and prints the table as it grows."""

    def __init__(self, store: Store, protocol: str, uri: str, seed: int) -> None:
        self.snapshot, self.seed, self.lines = Snapshot(store.open(uri, "snapshot")), seed, []
        self.items, self.train = len(self.snapshot.item_ids), self.snapshot.histories("train")
        self._asked = (
            store,
            BuildRequest(store.root.as_uri(), dataset=protocol, snapshot=uri, update=False),
        )
        self.walk_by("cooccurrence")
        self.validation = Validation(self.snapshot.queries("validation"), self.items, 5000, seed)
        shown = " ".join(METRICS)
        print(
            f"\n{protocol}, {len(self.train.items):,} training rows; validation: {shown}; "
            f"seconds; * test: {shown}",
            flush=True,
        )

    def walk_by(self, law: str) -> None:
        """The law of the walks from here on."""
        store, request = self._asked
        self.graph = Graph(store.open(build(dataclasses.replace(request, law=law))["uri"], "graph"))

    def add(self, group: str, name: str, settings: Settings, headline: bool) -> ItemVectors:
        """Train, decode, judge."""
        started = time.monotonic()
        request = FitRequest("", "", settings=settings, seed=self.seed)
        vectors = learn(
            request,
            self.graph,
            self.snapshot,
            self.validation,
            RunRecorder("item2vec", "ablation", None),
        ).vectors
        model = select_model(settings, vectors, self.train, self.validation).model
        self.tell(
            group,
            name,
            naive(vectors, model.choice) if group == "search" else model,
            started,
            headline,
        )
        return vectors

    def tell(
        self, group: str, name: str, model: SearchModel, started: float, headline: bool = False
    ) -> None:
        """One line."""
        line = {
            "group": group,
            "what": name,
            "validation": judge(model, self.snapshot.queries("validation"), self.items),
        }
        line |= (
            {"test": judge(model, self.snapshot.queries("test"), self.items)} if headline else {}
        )
        line["seconds"] = round(time.monotonic() - started, 1)
        self.lines.append(line)
        shown = [
            "  ".join(f"{value:.4f}" for value in line[part].values())
            for part in ("validation", "test")
            if part in line
        ]
        print(
            f"{name:66} {shown[0]} "
            f"{line['seconds']:6.1f}{''.join(f'  * {one}' for one in shown[1:])}",
            flush=True,
        )

    def decoders(self, vectors: ItemVectors) -> None:
        """Time scales and horizons of the causal decoder."""
        started = time.monotonic()
        for name, models in causal_models(
            vectors, self.train.remap_items(vectors.positions(self.items))
        ):
            self.tell("scales", name, max(models, key=self.validation.recall), started)
            started = time.monotonic()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.ablation",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--protocols", nargs="+", default=["p1-time", "p1-file"])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    store, results = Store((state() / "quality").as_uri()), {}
    for protocol in given.protocols:
        table = Table(
            store,
            protocol,
            ingest(protocol, recipe(protocol, "item2vec", "default")[1])["uri"],
            given.seed,
        )
        with (
            threadpool_limits(1),
            open(os.devnull, "w") as nowhere,
            contextlib.redirect_stderr(nowhere),
        ):
            for row in rows():
                vectors = table.add(*row)
                if row[2] == CLOSED:
                    table.decoders(vectors)
            for law in ("degree-penalised", "window"):
                table.walk_by(law)
                table.add("law", f"hops by the law {law}", HOPS, False)
                table.add(
                    "law",
                    f"hops by the law {law} + leave-one-out",
                    dataclasses.replace(HOPS, decoder="leave-one-out"),
                    False,
                )
        results[protocol] = table.lines
    print(json.dumps({"seed": given.seed, **results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
