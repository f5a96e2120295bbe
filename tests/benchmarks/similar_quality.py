"""Items like an item, how well they are found: `make quality-similar` (DATA=ml-100k|ml-1m|tmall|…).

The newest known like of every test user alone is the query, what the user has seen is left out, and
a hit is a held-out like among the ten. Rows: the product's table, as every family serves it, beside
item cosine, shrunk and plain, the rows of EASE, and popularity. `genres`: the mean share of genres
in common (Jaccard) of the ten nearest of every item with 50 likes or more. Nothing of it is random,
so there are no seeds. The last line is one JSON object.

ml-100k: the snapshot of 1998-04-15 that `make run` makes; ml-1m: protocol p2; any other name: a
folder of sessions in RECALL_DATA_DIR/sessions, ingested as three lines of TOML describe them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from infra.environments.names import state
from infra.local.data import movielens_100k
from tasks.core.data.snapshot import Queries, Snapshot
from tasks.core.models.cooccurrence import cooccurrence_counts, like_matrix
from tasks.core.models.ease import ease
from tasks.core.models.item_to_item.table import neighbours_of
from tasks.core.retrieval.neighbours import Neighbours
from tasks.core.retrieval.similar_lists import newest_likes, unseen_neighbours
from tasks.core.store.store import Store
from tasks.evaluate.measure import ItemPopularity, Metrics
from tasks.evaluate.metrics.genre_share import genre_share
from tasks.evaluate.similar import K, item_cosine, lists_of_items, with_similar
from tests.benchmarks import quality, sessions
from tests.benchmarks.stages import ask

LEAST_LIKES, MAX_EASE_ITEMS, BLOCK = 50, 20_000, 256
DAY = "1998-04-15"
Score = Callable[[np.ndarray], np.ndarray]


def snapshot(name: str, store: str) -> Snapshot:
    """The snapshot of a data set."""
    if name == "ml-100k":
        request = {"location": movielens_100k().as_uri(), "day": DAY}
    elif name == "ml-1m":
        _, protocol, _ = quality.recipe("p2", "item2vec", "default")
        folder = quality.data(protocol.pop("data"))
        request = {"location": folder.as_uri(), "day": quality.LAST_DAY, **protocol}
    else:
        folder = Path(os.environ.get("RECALL_DATA_DIR", "")) / "sessions" / name
        place = state() / "sessions" / name
        day = sessions.write(place, sessions.sessions(folder / "train_sessions.tsv.gz"))
        request = {"location": (place / "shop.toml").as_uri(), "format": "own", "day": day}
    made = ask("ingest", "snapshot", {"store": store, "dataset": name, **request})
    return Snapshot(Store(store).open(made["uri"], "snapshot"))


def row(lists: np.ndarray, queries: Queries, catalogue: ItemPopularity) -> dict[str, float | None]:
    """The figures of one model's lists."""
    empty = Metrics({"recall_50": np.zeros(len(lists))}, {})
    overall = with_similar(empty, lists, queries, catalogue).overall
    return {name: overall[f"similar_{name}"] for name in ("hr_10", "mrr_10", "coverage_10")}


def genres_of(nearest: Callable[[np.ndarray], np.ndarray], catalogue: ItemPopularity, likes):
    """The share of genres in common of the ten nearest of well-known items; None without genres."""
    known = np.flatnonzero(likes >= LEAST_LIKES)
    if catalogue.features is None or not len(known):
        return None
    return float(np.nanmean(genre_share(known, nearest(known), catalogue.features)))


def nearest_by(score: Score) -> Callable[[np.ndarray], np.ndarray]:
    """The ten nearest of some items by a score, other than itself."""

    def nearest(items: np.ndarray) -> np.ndarray:
        found = []
        for start in range(0, len(items), BLOCK):
            some = items[start : start + BLOCK]
            scores = score(some)
            scores[np.arange(len(some)), some] = -np.inf
            found.append(np.argsort(-scores, axis=1, kind="stable")[:, :K])
        return np.concatenate(found)

    return nearest


def baselines(read: Snapshot, likes: np.ndarray) -> dict[str, Score]:
    """Every baseline's scores of all items for some items."""
    liked = like_matrix(read.histories("train"), len(likes))
    counts = cooccurrence_counts(liked) if len(likes) <= MAX_EASE_ITEMS else None
    found: dict[str, Score] = {
        "cosine_shrunk_20": item_cosine(liked),
        "cosine": item_cosine(liked, shrink=0.0),
    }
    if counts is not None:
        weights = ease(counts, 300.0)
        found["ease"] = lambda items: np.array(weights[items], np.float32)
    found["popularity"] = lambda items: np.repeat(likes[None].astype(np.float32), len(items), 0)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.similar_quality",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", default="ml-100k")
    name = parser.parse_args().data
    begun, place = time.monotonic(), (state() / "quality").as_uri()
    read = snapshot(name, place)
    queries = read.queries("test")
    likes = read.histories("train").popularity(len(read.item_ids)).astype(np.float64)
    catalogue = ItemPopularity.of(likes, read.items["genres"].to_pylist())
    table: Neighbours = neighbours_of(Store(place), read)
    with_history = np.flatnonzero(queries.histories.lengths > 0)
    some = queries.select_users(with_history)
    newest = newest_likes(some.histories)
    shown = unseen_neighbours(table.rows[newest], newest, some.seen, K)
    results = {
        "table": row(shown, some, catalogue)
        | {"genres": genres_of(lambda items: table.rows[items, :K], catalogue, likes)}
    }
    for baseline, score in baselines(read, likes).items():
        lists = lists_of_items(score, len(likes), some)
        results[baseline] = row(lists, some, catalogue) | {
            "genres": genres_of(nearest_by(score), catalogue, likes)
        }
        print(f"{baseline}: {results[baseline]}", file=sys.stderr, flush=True)
    print(f"table: {results['table']}", file=sys.stderr, flush=True)
    print(
        json.dumps(
            {
                "data": name,
                "users": len(with_history),
                "items": len(likes),
                **{
                    model: {key: value and round(value, 4) for key, value in figures.items()}
                    for model, figures in results.items()
                },
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
