"""What word2vec training costs around gensim: `make bench-item2vec`.

One stage is run whole: how much of it goes to drawing walks, to training, to the rest. Then, in
turn on the same epoch's words with the same settings, the stage's epoch (walks drawn, shuffled,
counted, trained, checked) and plain gensim on a list that is ready in memory. The last line is one
JSON object; `ratio` is the stage's words a second over plain gensim's (goal ≥ .95).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec

from tasks.core.data.graph import Graph
from tasks.core.data.snapshot import Snapshot
from tasks.core.store.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.corpus import Corpus
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tasks.item2vec.word2vec_trainer import BATCH_WORDS, Trainer
from tests.benchmarks.base import load
from tests.benchmarks.replayed import snapshot

SETTINGS = Settings(
    trainer="gensim",
    corpus="mixed",
    algorithm="skip-gram",
    dimension=64,
    window=5,
    epochs=2,
    patience=2,
)


def stage(store: Store, graph: dict, settings: Settings) -> dict[str, float]:
    """Seconds of one fit, and the shares of it."""
    started = time.monotonic()
    made = fit(FitRequest(store.root.as_uri(), graph["uri"], settings=settings, track=False))
    seconds = time.monotonic() - started
    curve = [
        one["metrics"]
        for one in json.loads(
            (store.open(made["uri"], "candidate").path / "training.json").read_text()
        )["epochs"]
    ]
    walks = sum(one["corpus_seconds"] for one in curve)
    training = sum(one["epoch_seconds"] for one in curve) - walks
    return {
        "stage_s": seconds,
        "walks_share": walks / seconds,
        "training_share": training / seconds,
    }


def ours(corpus: Corpus, frequencies: np.ndarray, settings: Settings) -> float:
    """Words a second of the stage's own epoch."""
    trainer = Trainer(settings, frequencies, seed=0)
    started = time.monotonic()
    return trainer.epoch(0, corpus)["words"] / (time.monotonic() - started)


def plain(sentences: list[list[str]], frequencies: np.ndarray, settings: Settings) -> float:
    """Words a second of gensim by itself on the same words."""
    model = Word2Vec(
        vector_size=settings.dimension,
        window=settings.window,
        sg=1,
        negative=settings.negatives,
        workers=settings.threads,
        ns_exponent=settings.negative_exponent,
        alpha=settings.learning_rate,
        sample=0,
        min_count=1,
        seed=0,
        batch_words=BATCH_WORDS,
    )
    model.build_vocab_from_freq(
        {str(row): int(count) for row, count in enumerate(frequencies) if count}
    )
    started = time.monotonic()
    words, _ = model.train(sentences, total_examples=len(sentences), epochs=1, compute_loss=True)
    return words / (time.monotonic() - started)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.item2vec",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="of each of the two, in turn")
    given = parser.parse_args()
    settings = dataclasses.replace(SETTINGS, threads=given.threads)
    with tempfile.TemporaryDirectory() as folder:
        store, base = Store(Path(folder).as_uri()), load()
        uri = snapshot(store, base)
        graph = build(BuildRequest(store.root.as_uri(), snapshot=uri, dataset=base.name))
        whole = stage(store, graph, settings)
        train = Snapshot(store.open(uri, "snapshot")).histories("train")
        tables = Graph(store.open(graph["uri"], "graph")).tables
        frequencies = np.bincount(train.items, minlength=tables.items)
        corpus = Corpus(
            tables,
            train,
            settings.corpus,
            settings.walk_length,
            settings.walk_words,
            0,
            settings.threads,
        )
        ready = [sentence for shard in corpus.epoch(0) for sentence in shard.sentences]
        rates = []
        for turn in range(given.rounds):
            rates.append((ours(corpus, frequencies, settings), plain(ready, frequencies, settings)))
            print(
                f"round {turn + 1}: {rates[-1][0]:,.0f} words/s in the stage, "
                f"{rates[-1][1]:,.0f} in plain gensim",
                file=sys.stderr,
                flush=True,
            )
    results = {
        "data": base.name,
        "threads": given.threads,
        "words_an_epoch": sum(map(len, ready)),
        "words_per_s": round(statistics.median(one for one, _ in rates)),
        "gensim_words_per_s": round(statistics.median(one for _, one in rates)),
        "ratio": round(statistics.median(one / other for one, other in rates), 4),
    }
    print(json.dumps(results | {name: round(value, 4) for name, value in whole.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
