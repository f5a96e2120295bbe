"""The cost of an evaluation beside the bare arithmetic: `make bench-evaluate`. One JSON line last.

Two planted snapshots in the shapes of MovieLens 1M and 20M, and a random model of 64 dimensions for
each. `seconds_*` is the verb `judge` on a snapshot whose baselines are known: reading, ranking the
whole catalogue for every user, all metrics, slices, writing. The bare program makes the same
queries by the same encoder (a model's cost, not the evaluation's), multiplies in blocks and takes
the top 50 by `torch.topk`, and nothing else: nothing is read, no item is left out, nothing is
measured or written. It runs on the same core, in the same run. `ratio_ready` leaves the queries out
of both.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from infra.environments.names import ROOT, python

SHAPES = {"1m": (6_040, 3_416, 1_000_000), "20m": (138_000, 27_000, 20_000_000)}
DIMENSION, PLACES, HELD = 64, 50, 3


def world(users: int, items: int, rows: int):
    """Zipf-like items, histories of uneven length."""
    from tests.worlds import START, World

    random = np.random.default_rng(0)
    lengths = np.maximum(random.lognormal(0, 1, users), 0.2)
    lengths = np.maximum((lengths * rows / lengths.sum()).astype(np.int64), HELD + 3)
    worth = 1 / np.arange(10, 10 + items)
    chosen = random.choice(items, int(lengths.sum()), p=worth / worth.sum()).astype(np.int32)
    of = np.repeat(np.arange(users, dtype=np.int32), lengths)
    return World(
        of,
        chosen,
        np.full(len(of), 5.0, np.float32),
        START + np.arange(len(of)),
        np.zeros(users, np.int32),
        np.zeros(items, np.int32),
    )


def make(root: str, shape: str) -> None:
    """Write the snapshot and a model into a store, and judge once, so that the baselines are
    known.
    """
    from tasks.core.store.store import Store
    from tests import worlds
    from tests.evaluate import planted

    store, (users, items, rows) = Store(root), SHAPES[shape]
    snapshot = worlds.snapshot(store, world(users, items, rows), test=HELD)
    random = np.random.default_rng(1)
    for name in ("first", "second"):
        inputs, outputs = (
            random.normal(size=(items, DIMENSION)).astype(np.float32) for _ in range(2)
        )
        planted.candidate(store, snapshot, name, inputs, outputs)
    judge(root, "first")


def judge(root: str, name: str) -> float:
    """Seconds of judging the model of this name."""
    from tasks.core.store.store import Store
    from tasks.evaluate.judge import judge as judged
    from tasks.evaluate.settings import JudgeRequest

    candidates = sorted(Store(root).children("candidates", "planted"), key=lambda one: one.created)
    started = time.monotonic()
    judged(
        JudgeRequest(
            root,
            candidates[name == "second"].uri,
            champion_from_registry=False,
            track=False,
            baselines_memory_gb=0.6,
        )
    )
    return time.monotonic() - started


def measured(root: str) -> dict:
    """Seconds and peak memory of a judgement, in a process of its own whose compiled parts are
    warm.
    """
    from tasks.evaluate import kernel

    kernel.best_items(
        np.zeros((1, 4), np.float32),
        np.array([0, 1]),
        np.zeros(1, np.int32),
        *(np.zeros((1, 2), np.int32) for _ in range(2)),
    )
    kernel.mark_hits(
        np.zeros((1, 2), np.int32),
        np.array([0, 1]),
        np.zeros(1, np.int32),
        np.zeros((1, 2), bool),
        np.zeros(1, np.int64),
        np.ones(4, bool),
        np.zeros(1, np.int64),
    )
    seconds = judge(root, "second")
    return {
        "seconds": seconds,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def bare(root: str, shape: str, block: int = 256) -> dict:
    """Seconds of the queries, and of the product with its top 50."""
    import torch

    from tasks.core.data.snapshot import Snapshot
    from tasks.core.retrieval.candidate import Candidate
    from tasks.core.store.store import Store

    torch.set_num_threads(1)
    model = Candidate(
        max(Store(root).children("candidates", "planted"), key=lambda one: one.created)
    )
    histories = (
        Snapshot(Store(root).newest("snapshots", "planted", "1998-04-15")).queries("test").histories
    )
    started = time.monotonic()
    queries = model.encoder.encode(histories)
    between = time.monotonic()
    query_block, candidates = (
        torch.from_numpy(queries),
        torch.from_numpy(model.vectors).T.contiguous(),
    )
    for start in range(0, len(queries), block):
        torch.topk(query_block[start : start + block] @ candidates, PLACES, dim=1)
    return {"encoding": between - started, "ranking": time.monotonic() - between}


def step(*arguments: str) -> dict:
    code = (
        f"import json; from tests.benchmarks import evaluate as e; "
        f"print(json.dumps(e.{arguments[0]}(*{arguments[1:]!r})))"
    )
    done = subprocess.run(
        [python("train"), "-c", code],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    results = {}
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            root = str(Path(folder))
            step("make", root, shape)
            plain, own = step("bare", root, shape), step("measured", root)
        whole = plain["encoding"] + plain["ranking"]
        results |= {
            f"seconds_{shape}": round(own["seconds"], 2),
            f"bare_{shape}": round(whole, 2),
            f"encoding_{shape}": round(plain["encoding"], 2),
            f"ratio_{shape}": round(own["seconds"] / whole, 3),
            f"ratio_ready_{shape}": round(
                (own["seconds"] - plain["encoding"]) / plain["ranking"], 3
            ),
        }
        results["peak_gb"] = round(own["peak_gb"], 2)
        print(f"{shape}: {results}", file=sys.stderr, flush=True)
    print(json.dumps({**results, "bare_ratio": results["ratio_20m"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
