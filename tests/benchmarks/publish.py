"""Publishing against a bare client, in one run: `make bench-publish`. One JSON line last; times of
each size are beside it on stderr.

load_ratio    vectors/s of `load` over those of the best plain client loop: HSET with mappings of
              1000, values ready-made
colon_ratio   over vectors written one by one as numbers joined by colons
bytes_ratio   memory of the items' keys over ids' payload of 4 · d bytes, on a server whose
              hash-max-listpack-value takes a vector; `bytes_ratio_default` on one with the server's
              own settings
rollback_s    a rollback as its task does it, between generations of the greater size
reader_…      recommendations of 50 items from three channels: milliseconds of one client, answers a
              second of 8 processes
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import redis

from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import MeanEncoder
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.core.store.store import Store
from tasks.retrieve import Reader
from tests import generations, worlds
from tests.index.vectors import clustered
from tests.valkeys import Valkey, valkey_server

NAMES = FamilyKeys("item2vec")
DIMENSION, USERS, LIKES = 64, 1000, 40
COLON_SAMPLE, MAPPING = 5000, 1000
COMPACT = ("--hash-max-listpack-value", "1024")  # as the local stack sets it
CLIENTS, ASKED, TOP = 8, 300, 50
CHANNELS = ("item2vec", "similar", "popular")


def candidate(store: Store, count: int, id: str, seed: int) -> tuple[str, np.ndarray]:
    """A candidate of `count` items, and what it learned from: USERS users who like LIKES of them.
    Returns its URI and vectors.
    """
    vectors, _ = clustered(count, DIMENSION, 1, groups=max(20, count // 1000), seed=seed)
    random = np.random.default_rng(seed)
    items = np.sort(random.integers(0, count, (USERS, LIKES)), axis=1).astype(np.int32)
    world = worlds.World(
        np.repeat(np.arange(USERS), LIKES).astype(np.int32),
        items.ravel(),
        np.full(items.size, 5.0, np.float32),
        worlds.START + np.arange(items.size, dtype=np.int64),
        np.zeros(USERS, np.int32),
        np.zeros(count, np.int32),
    )
    snapshot = worlds.snapshot(store, world).rsplit("/", 1)[1]
    with store.writing("candidate", "candidates", "item2vec", id) as draft:
        save_candidate(
            draft.path,
            [world.item_id(row) for row in range(count)],
            vectors,
            MeanEncoder(vectors, decay=2.0),
        )
        draft.facts = {
            "family": "item2vec",
            "day": worlds.DAY,
            "dataset": "planted",
            "dimension": DIMENSION,
            "snapshot": snapshot,
        }
    return store.path("candidates", "item2vec", id).as_uri(), vectors


def generation(root: str, uri: str, factory: str) -> dict:
    from tasks.index.build import build
    from tasks.index.bundle import bundle
    from tasks.index.settings import BuildRequest, BundleRequest

    index = build(BuildRequest(store=root, family="item2vec", candidate=uri, factory=factory))
    return bundle(BundleRequest(store=root, index=index["uri"], version="1", probes=200))


def mappings(server: Valkey, vectors: np.ndarray) -> float:
    """Vectors a second of HSET with mappings of 1000 ready-made values."""
    client = redis.Redis.from_url(server.url)
    values = {str(row): vectors[row].tobytes() for row in range(len(vectors))}
    ids = list(values)
    started = time.perf_counter()
    for start in range(0, len(ids), MAPPING):
        client.hset(
            f"plain:{start}", mapping={id: values[id] for id in ids[start : start + MAPPING]}
        )
    seconds = time.perf_counter() - started
    client.flushall()
    return len(ids) / seconds


def colons(server: Valkey, vectors: np.ndarray) -> float:
    """Vectors a second of SET, one by one, of numbers joined by colons."""
    client = redis.Redis.from_url(server.url)
    started = time.perf_counter()
    for row in range(min(COLON_SAMPLE, len(vectors))):
        client.set(f"item:{row}", ":".join(map(str, vectors[row].tolist())))
    seconds = time.perf_counter() - started
    client.flushall()
    return min(COLON_SAMPLE, len(vectors)) / seconds


def item_bytes(client: redis.Redis, loaded: dict) -> float:
    """Bytes of memory that an item's vector takes, its share of the key included."""
    buckets = int(client.hget(NAMES.manifest(loaded["load"]), "buckets.items"))
    sampled = range(0, buckets, max(1, buckets // 500))
    total = sum(
        client.memory_usage(NAMES.bucket(loaded["load"], "items", number), samples=0)
        for number in sampled
    )
    return total / len(sampled) * buckets / loaded["items"]


def measure(folder: Path, count: int) -> dict:
    """All figures at one size."""
    root = (folder / "store").as_uri()
    uri, vectors = candidate(Store(root), count, f"c{count}", seed=0)
    made = generation(root, uri, "auto")
    results = {}
    with valkey_server(folder / "default") as server:
        os.environ["RECALL_REDIS_URL"] = server.url
        results["bytes_ratio_default"] = item_bytes(
            redis.Redis.from_url(server.url), generations.load(root, made)
        ) / (4 * DIMENSION)
    with valkey_server(folder / "compact", "correct-horse", *COMPACT) as server:
        os.environ["RECALL_REDIS_URL"] = server.url
        bare = mappings(server, vectors)
        loaded = generations.load(root, made)
        bare = max(bare, _again(mappings, folder, vectors))
        results |= {
            "vectors_per_s": loaded["vectors_per_s"],
            "bare_per_s": bare,
            "load_ratio": loaded["vectors_per_s"] / bare,
            "colon_ratio": loaded["vectors_per_s"] / _again(colons, folder, vectors),
            "bytes_ratio": item_bytes(redis.Redis.from_url(server.url), loaded) / (4 * DIMENSION),
        }
        generations.switch(root, made)
        results |= reading(server, root)
    return {name: round(value, 4) for name, value in results.items()}


def _again(way, folder: Path, vectors: np.ndarray) -> float:
    with valkey_server(folder / "bare", "correct-horse") as server:
        return way(server, vectors)


def reading(server: Valkey, root: str) -> dict:
    """One user, all channels merged: of one client, and of eight processes side by side, as a
    service runs them.
    """
    reader, users = Reader(server.url, root), [str(user + 1) for user in range(USERS)]
    reader.recommend(users[0], TOP, channels=CHANNELS)
    seconds = []
    for user in users[:ASKED]:
        started = time.perf_counter()
        reader.recommend(user, TOP, channels=CHANNELS)
        seconds.append(time.perf_counter() - started)
    spawn = multiprocessing.get_context("spawn")
    barrier, spans = spawn.Barrier(CLIENTS), spawn.Queue()
    clients = [
        spawn.Process(
            target=_client, args=(server.url, root, users[first::CLIENTS], barrier, spans)
        )
        for first in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    began, ended = zip(*(spans.get(timeout=300) for _ in clients))
    for client in clients:
        client.join()
    return {
        "reader_p50_ms": 1000 * float(np.quantile(seconds, 0.5)),
        "reader_p99_ms": 1000 * float(np.quantile(seconds, 0.99)),
        "reader_rps": USERS / (max(ended) - min(began)),
    }


def _client(url: str, root: str, users: list[str], barrier, spans) -> None:
    """Ask for these users once everybody is ready; report from when to when, on the machine's
    clock.
    """
    reader = Reader(url, root)
    reader.recommend(users[0], TOP, channels=CHANNELS)
    barrier.wait()
    began = time.monotonic()
    for user in users:
        reader.recommend(user, TOP, channels=CHANNELS)
    spans.put((began, time.monotonic()))


def rollback_seconds(folder: Path, count: int) -> float:
    """A rollback between generations of `count` vectors, as its task does it."""
    root = (folder / "rollback").as_uri()
    store = Store(root)
    with valkey_server(folder / "rolled") as server:
        os.environ["RECALL_REDIS_URL"] = server.url
        for seed in (0, 1):
            generations.publish(
                root, generation(root, candidate(store, count, f"r{seed}", seed)[0], "Flat")
            )
        started = time.perf_counter()
        generations.rollback(root)
        return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[200_000, 1_000_000])
    results, sizes = {}, parser.parse_args().sizes
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            measured = measure(Path(folder), count)
        print(f"{count} × {DIMENSION}: {measured}", file=sys.stderr, flush=True)
        for name, value in measured.items():
            results.setdefault(name, []).append(value)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        rolled = rollback_seconds(Path(folder), max(sizes))
    worst = {
        name: (min if name.endswith(("_s", "load_ratio", "colon_ratio", "rps")) else max)(values)
        for name, values in results.items()
    }
    print(json.dumps({**worst, "rollback_s": round(rolled, 3)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
