"""The yardstick of a snapshot: its users, their slices, and every baseline's figures. Made once,
found by every challenger of the day.

yardsticks/<dataset>/<id>/
    per_user.parquet   model (popularity, item_knn, ease, ease_64), one float64 column a metric;
                       users in the order of `slices`
    slices.parquet     user (string), history (rows known of the user), labels (different held-out
                       rows), one bool column a slice
    manifest.json      facts: baselines → their settings, partial → what of the catalogue a baseline
                       covers, slices → users and means
"""

from __future__ import annotations

import time

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
from tasks.evaluate.slices import slices

DIMENSIONS = 64


def baseline_evaluation(
    store: Store,
    snapshot: Snapshot,
    queries: Queries,
    catalogue: ItemPopularity,
    request: JudgeRequest,
) -> Artefact:
    """Find the yardstick of these users, or make it. Where EASE of the whole catalogue needs more
    memory than the request allows, it is that of the most popular items; which and what share of
    the likes they hold is told.
    """
    labels, memory_gb = request.labels, request.baselines_memory_gb
    place = (
        "yardsticks",
        snapshot.dataset,
        identity(
            snapshot=snapshot.id,
            labels=labels,
            newcomers=request.newcomers,
            users=len(queries.users),
            memory_gb=memory_gb,
            code=code_version(__name__),
        ),
    )
    if store.find(*place) is None:
        with store.alone(*place):
            if store.find(*place) is None:
                _make(store, place, snapshot, queries, catalogue, request)
    found = store.find(*place)
    assert found, "it was made, or found made, above"
    return found


def _make(
    store: Store,
    place: tuple[str, ...],
    snapshot: Snapshot,
    queries: Queries,
    catalogue: ItemPopularity,
    request: JudgeRequest,
) -> None:
    groups = slices(snapshot, queries)
    measured, facts = _baselines(
        snapshot, queries, catalogue, request.labels, request.baselines_memory_gb
    )
    with store.writing("yardstick", *place) as draft:
        pq.write_table(
            pa.concat_tables(
                [
                    pa.table({"model": [model] * len(queries.users), **one.per_user})
                    for model, one in measured.items()
                ]
            ),
            draft.path / "per_user.parquet",
        )
        pq.write_table(
            pa.table(
                {
                    "user": [snapshot.user_ids[row] for row in queries.users],
                    "history": queries.histories.lengths,
                    "labels": hits(
                        np.zeros((len(queries.users), 0), np.int32), queries.labels, catalogue.tail
                    ).different,
                    **groups,
                }
            ),
            draft.path / "slices.parquet",
        )
        draft.counts = {
            "users": len(queries.users),
            "items": len(snapshot.item_ids),
            "labels": len(queries.labels.items),
        }
        draft.facts = {
            "snapshot": snapshot.uri,
            "labels": request.labels,
            **facts,
            "metrics": {model: one.overall for model, one in measured.items()},
            "slices": {
                name: {
                    "users": int(chosen.sum()),
                    "metrics": {model: one.among(chosen) for model, one in measured.items()},
                }
                for name, chosen in groups.items()
            },
        }
        draft.lineage = {"code": code_version(__name__), "parents": [snapshot.uri]}


def _baselines(
    snapshot: Snapshot, queries: Queries, catalogue: ItemPopularity, labels: str, memory_gb: float
) -> tuple[dict[str, Metrics], dict]:
    items = len(snapshot.item_ids)
    made: dict[str, Metrics] = {}
    liked = like_matrix(snapshot.histories("train"), items)
    counts = np.asarray(liked.sum(axis=0)).ravel()
    head = PopularItems.of(counts, memory_gb)

    def judged(name: str, score) -> None:
        started = time.monotonic()
        say(f"baseline {len(made) + 1} of 4: {name}, {len(queries.users):,} users")
        made[name] = measure(
            lists_of_scores(score, items, queries, MAX_LIST_LENGTH), queries.labels, catalogue
        )
        log(
            "evaluate.baseline",
            model=name,
            recall_50=made[name].overall["recall_50"],
            seconds=time.monotonic() - started,
        )

    judged("popularity", popularity(catalogue.order))
    whole, nearest = weighted_queries(queries.histories, items, None), item_knn(liked)
    judged("item_knn", lambda start, stop: (whole[start:stop] @ nearest).toarray())
    if part := head.coverage(counts):
        log("evaluate.part", models="ease, ease_64", memory_gb=memory_gb, part=part)
    say("baseline 3 of 4: tuning ease")
    chosen = tune_ease(
        cooccurrence_counts(head.columns(liked)), head, _validation(snapshot, labels)
    )
    asked = head.columns(weighted_queries(queries.histories, items, chosen.decay))
    judged("ease", head.scores(lambda start, stop: asked[start:stop] @ chosen.weights))
    left, right = low_rank(chosen.weights, DIMENSIONS)
    judged("ease_64", head.scores(lambda start, stop: (asked[start:stop] @ left) @ right.T))
    settings = {"penalty": chosen.penalty, "decay": chosen.decay, "items": len(head.rows)}
    return made, {
        "partial": {"ease": part, "ease_64": part} if part else {},
        "baselines": {"ease": settings, "ease_64": {**settings, "dimensions": DIMENSIONS}},
    }


def _validation(snapshot: Snapshot, labels: str) -> Queries | None:
    """The validation users, unless they are the ones to be judged, or there are none."""
    if labels == "validation":
        return None
    try:
        return snapshot.queries("validation")
    except RefusedData:
        return None
