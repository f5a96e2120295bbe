"""The baseline evaluation of a snapshot: its users, their slices, the figures of every baseline.

It is made once, and found by every challenger of the day.

yardsticks/<dataset>/<id>/
    per_user.parquet   model (popularity, item_knn, ease, ease_64), one float64 column a metric;
                       users in the order of `slices`
    slices.parquet     user (string), history (rows known of the user), labels (different held-out
                       rows), one bool column a slice
    manifest.json      facts: baselines → their settings, partial → the part of the catalogue that a
                       baseline covers, slices → users and means
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Queries, Snapshot
from tasks.core.models.cooccurrence import cooccurrence_counts, like_matrix
from tasks.core.models.ease import low_rank
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.evaluate.baselines.item_knn import item_knn
from tasks.evaluate.baselines.popular_items import PopularItems
from tasks.evaluate.baselines.popularity import popularity
from tasks.evaluate.baselines.queries import weighted_queries
from tasks.evaluate.baselines.tuning import tune_ease
from tasks.evaluate.lists import lists_of_scores
from tasks.evaluate.measure import ItemPopularity, Metrics, hits, measure
from tasks.evaluate.metrics import MAX_LIST_LENGTH
from tasks.evaluate.settings import JudgeRequest
from tasks.evaluate.similar import item_cosine, lists_of_items, with_similar, without_similar
from tasks.evaluate.slices import slices

DIMENSIONS = 64


def baseline_evaluation(
    store: Store,
    snapshot: Snapshot,
    queries: Queries,
    catalogue: ItemPopularity,
    request: JudgeRequest,
) -> Artefact:
    """Find the baseline evaluation of these users, or make it.

    Where EASE of the whole catalogue needs more memory than the request allows, it covers the most
    popular items; `partial` says which, and what share of the likes they hold.
    """
    id = identity(
        snapshot=snapshot.id,
        labels=request.labels,
        newcomers=request.newcomers,
        users=len(queries.users),
        memory_gb=request.baselines_memory_gb,
        code=code_version(__name__),
    )
    path = ("yardsticks", snapshot.dataset, id)
    if store.find(*path) is None:
        with store.alone(*path):
            if store.find(*path) is None:
                _write(store, path, snapshot, queries, catalogue, request)
    artefact = store.find(*path)
    assert artefact, "it was written, or found written, above"
    return artefact


def _write(
    store: Store,
    path: tuple[str, ...],
    snapshot: Snapshot,
    queries: Queries,
    catalogue: ItemPopularity,
    request: JudgeRequest,
) -> None:
    groups = slices(snapshot, queries)
    measured, facts = _baselines(
        snapshot, queries, catalogue, request.labels, request.baselines_memory_gb
    )
    with store.writing("yardstick", *path) as draft:
        tables = [
            pa.table({"model": [model] * len(queries.users), **metrics.per_user})
            for model, metrics in measured.items()
        ]
        pq.write_table(pa.concat_tables(tables), draft.path / "per_user.parquet")
        users = _users_table(snapshot, queries, catalogue, groups)
        pq.write_table(users, draft.path / "slices.parquet")
        draft.counts = {
            "users": len(queries.users),
            "items": len(snapshot.item_ids),
            "labels": len(queries.labels.items),
        }
        draft.facts = {
            "snapshot": snapshot.uri,
            "labels": request.labels,
            **facts,
            "metrics": {model: metrics.overall for model, metrics in measured.items()},
            "slices": {name: _slice(chosen, measured) for name, chosen in groups.items()},
        }
        draft.lineage = {"code": code_version(__name__), "parents": [snapshot.uri]}


def _users_table(
    snapshot: Snapshot, queries: Queries, catalogue: ItemPopularity, groups: dict[str, np.ndarray]
) -> pa.Table:
    """The table `slices.parquet`: a row a user."""
    no_lists = np.zeros((len(queries.users), 0), np.int32)
    return pa.table(
        {
            "user": [snapshot.user_ids[row] for row in queries.users],
            "history": queries.histories.lengths,
            "labels": hits(no_lists, queries.labels, catalogue.tail).different,
            **groups,
        }
    )


def _slice(chosen: np.ndarray, measured: dict[str, Metrics]) -> dict:
    """Number of users of a slice, and every baseline's means over them."""
    means = {model: metrics.among(chosen) for model, metrics in measured.items()}
    return {"users": int(chosen.sum()), "metrics": means}


def _baselines(
    snapshot: Snapshot, queries: Queries, catalogue: ItemPopularity, labels: str, memory_gb: float
) -> tuple[dict[str, Metrics], dict]:
    """Baseline → its metrics, and the facts `partial` and `baselines`."""
    items = len(snapshot.item_ids)
    measured: dict[str, Metrics] = {}
    liked = like_matrix(snapshot.histories("train"), items)
    counts = np.asarray(liked.sum(axis=0)).ravel()
    head = PopularItems.of(counts, memory_gb)

    def judge(
        name: str,
        score: Callable[[int, int], np.ndarray],
        similar: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        started = time.monotonic()
        say(f"baseline {len(measured) + 1} of 4: {name}, {len(queries.users):,} users")
        metrics = measure(
            lists_of_scores(score, items, queries, MAX_LIST_LENGTH), queries.labels, catalogue
        )
        measured[name] = (
            with_similar(metrics, lists_of_items(similar, items, queries), queries, catalogue)
            if similar
            else without_similar(metrics)
        )
        recall, seconds = measured[name].overall["recall_50"], time.monotonic() - started
        log("evaluate.baseline", model=name, recall_50=recall, seconds=seconds)

    popular = popularity(catalogue.order)
    judge("popularity", popular, lambda asked: popular(0, len(asked)))
    histories, neighbours = weighted_queries(queries.histories, items, None), item_knn(liked)
    judge(
        "item_knn",
        lambda start, stop: (histories[start:stop] @ neighbours).toarray(),
        item_cosine(liked),
    )
    if part := head.coverage(counts):
        log("evaluate.part", models="ease, ease_64", memory_gb=memory_gb, part=part)
    say("baseline 3 of 4: tuning ease")
    chosen = tune_ease(
        cooccurrence_counts(head.columns(liked)), head, _validation(snapshot, labels)
    )
    query = head.columns(weighted_queries(queries.histories, items, chosen.decay))
    judge("ease", head.scores(lambda start, stop: query[start:stop] @ chosen.weights))
    left, right = low_rank(chosen.weights, DIMENSIONS)
    judge("ease_64", head.scores(lambda start, stop: (query[start:stop] @ left) @ right.T))
    settings = {"penalty": chosen.penalty, "decay": chosen.decay, "items": len(head.rows)}
    return measured, {
        "partial": {"ease": part, "ease_64": part} if part else {},
        "baselines": {"ease": settings, "ease_64": {**settings, "dimensions": DIMENSIONS}},
    }


def _validation(snapshot: Snapshot, labels: str) -> Queries | None:
    """The validation users to tune on; None when they are judged themselves, or there are none."""
    if labels == "validation":
        return None
    try:
        return snapshot.queries("validation")
    except RefusedData:
        return None
