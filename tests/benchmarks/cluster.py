"""Walks and word2vec on a Spark cluster beside one machine: `make bench-cluster`.

A master and two workers of one core each run on this machine, so this tells what Spark costs, not
what a cluster gains. The same 5M steps over MovieLens 1M (with RECALL_DATA_DIR; else 100K) are
drawn by both engines and must be the same files; on a part of them Spark ML and gensim learn
skip-gram vectors with the same settings; item2vec then makes a candidate of Spark's. Whole
processes are timed, the start of Spark among them. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.stages import ask

ASKED = {"walks": 1_250_000, "length": 4, "seed": 0}
LEARNED = {"walks": 125_000, "length": 4, "seed": 0}
TRAINED = {"dimension": 32, "window": 4, "epochs": 3, "learning_rate": 0.025}


def timed(stage: str, verb: str, request: dict, **environment: str) -> tuple[dict, float]:
    """A stage's result and its seconds."""
    begun = time.monotonic()
    return ask(stage, verb, request, **environment), time.monotonic() - begun


def gensim(folder: Path) -> float:
    """Seconds of gensim on the walks of a folder, reading them included."""
    import pyarrow.parquet as pq
    from gensim.models import Word2Vec

    begun = time.monotonic()
    walks = [
        list(map(str, one))
        for part in sorted(folder.glob("walks/*.parquet"))
        for one in pq.read_table(part)["walk"].to_pylist()
    ]
    Word2Vec(
        walks,
        sg=1,
        vector_size=TRAINED["dimension"],
        window=TRAINED["window"],
        epochs=TRAINED["epochs"],
        alpha=TRAINED["learning_rate"],
        min_count=1,
        sample=0,
        workers=1,
    )
    return time.monotonic() - begun


def main() -> int:
    import subprocess

    from infra.environments.names import ROOT, python
    from tasks.core.store.store import Store
    from tests.benchmarks.base import load
    from tests.benchmarks.replayed import snapshot
    from tests.servers_spark import spark_cluster

    with tempfile.TemporaryDirectory() as name:
        stores, base = [Store((Path(name) / where).as_uri()) for where in ("here", "there")], load()
        graphs = [
            ask(
                "graph",
                "build",
                {
                    "store": store.root.as_uri(),
                    "snapshot": snapshot(store, base),
                    "dataset": base.name,
                },
            )["uri"]
            for store in stores
        ]
        here, there = (
            {"store": store.root.as_uri(), "graph": graph}
            for store, graph in zip(stores, graphs, strict=True)
        )
        one, seconds = timed("graph", "walk", {**here, **ASKED})
        with spark_cluster(Path(name)) as url:
            spark = {"master": url}
            other, by_spark = timed(
                "graph",
                "walk",
                {**there, **ASKED, "engine": "spark", "spark": spark},
                SPARK_LOCAL_IP="127.0.0.1",
            )
            files = [
                store.open(made["uri"], "walks").files
                for store, made in zip(stores, (one, other), strict=True)
            ]
            few = ask("graph", "walk", {**there, **LEARNED})
            vectors, learned = timed(
                "graph",
                "word2vec",
                {
                    "store": there["store"],
                    "walks": few["uri"],
                    **TRAINED,
                    "partitions": 2,
                    "spark": spark,
                },
                SPARK_LOCAL_IP="127.0.0.1",
            )
        fitted = ask("item2vec", "fit", {**there, "vectors": vectors["uri"], "track": False})
        done = subprocess.run(
            [
                str(python("train")),
                "-m",
                "tests.benchmarks.cluster",
                "--gensim",
                few["uri"].removeprefix("file://"),
            ],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
        plain = json.loads(done.stdout)
    print(
        json.dumps(
            {
                "data": base.name,
                "steps": ASKED["walks"] * ASKED["length"],
                "same_files": files[0] == files[1],
                "walk_s": round(seconds, 1),
                "walk_spark_s": round(by_spark, 1),
                "words": LEARNED["walks"] * LEARNED["length"] * TRAINED["epochs"],
                "gensim_s": round(plain, 1),
                "word2vec_spark_s": round(learned, 1),
                "validation_recall_50_spark": round(fitted["metrics"]["validation_recall_50"], 4),
            }
        )
    )
    return 0 if files[0] == files[1] else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.cluster", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--gensim",
        metavar="FOLDER",
        help="only train gensim on the walks in this folder, and print the seconds",
    )
    given = parser.parse_args()
    if given.gensim:
        print(json.dumps(gensim(Path(given.gensim))))
    sys.exit(0 if given.gensim else main())
