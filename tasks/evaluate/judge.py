"""Judge a candidate: the same users, today's histories, today's labels for challenger, champion and popularity.

    evaluations/<family>/<id>/
        per_user.parquet   user (string), model (challenger, champion or popularity), history (rows known of the user),
                           labels (different held-out rows), one float64 column a metric; users in the same order for every model
        manifest.json      facts: who was judged on what, the metrics' means, health
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core import champion as champions
from tasks.core import tracking
from tasks.core.candidate import Candidate
from tasks.core.errors import BadRequest
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.manifest import Artefact
from tasks.core.snapshot import Queries, Snapshot
from tasks.core.store import Store
from tasks.evaluate.health import health
from tasks.evaluate.lists import of_candidate, of_popularity
from tasks.evaluate.measure import Catalogue, Measured, hits, measure
from tasks.evaluate.metrics import LONGEST
from tasks.evaluate.settings import JudgeRequest

SHOWN_AS = {"challenger": "test", "champion": "champion", "popularity": "popularity"}  # metric prefixes in MLflow


def judge(request: JudgeRequest) -> dict:
    """Write the evaluation, or find it written, and log its figures."""
    store = Store(request.store)
    challenger = Candidate(store.open(request.candidate, "candidate"))
    snapshot = Snapshot(store.open(request.snapshot, "snapshot") if request.snapshot else _trained_on(store, challenger))
    champion = champions.find(store, challenger.family, request.champion, request.champion_from_registry)
    made_of = {"candidate": challenger.artefact.id, "snapshot": snapshot.id, "labels": request.labels,
               "champion": champion and champion.candidate.artefact.id, "champion_version": champion and champion.version,
               "newcomers": request.newcomers, "code": code_version("evaluate", "core")}
    place = ("evaluations", challenger.family, identity(**made_of))
    if not (done := store.find(*place)):
        _write(store, place, request, challenger, champion, snapshot, made_of)
        done = store.find(*place)
    if request.track and request.run:
        tracking.log_metrics(request.run, _figures(done.facts["metrics"]))
    return _result(done)


def _trained_on(store: Store, candidate: Candidate) -> Artefact:
    facts = candidate.artefact.facts
    if found := store.find("snapshots", facts["dataset"], facts["day"], facts["snapshot"]):
        return found
    raise BadRequest("the snapshot the candidate was trained on is gone",
                     got=f"{facts['dataset']} {facts['day']} {facts['snapshot']}",
                     remedy="give another snapshot, or ingest that day again")


def _write(store, place, request, challenger, champion, snapshot: Snapshot, made_of: dict) -> None:
    queries = snapshot.newcomers(request.labels) if request.newcomers else snapshot.queries(request.labels)
    counts = np.bincount(snapshot.histories("train").items, minlength=len(snapshot.item_ids))
    catalogue = Catalogue.of(counts, snapshot.items["genres"].to_pylist())
    lists = of_candidate(challenger, snapshot.item_ids, queries, LONGEST)
    measured = {"challenger": measure(lists, queries.labels, catalogue)}
    if champion and champion.candidate.artefact.id == challenger.artefact.id:
        measured["champion"] = measured["challenger"]
    elif champion:
        measured["champion"] = measure(of_candidate(champion.candidate, snapshot.item_ids, queries, LONGEST), queries.labels,
                                       catalogue)
    measured["popularity"] = measure(of_popularity(catalogue.order, queries.seen, LONGEST), queries.labels, catalogue)
    for model, one in measured.items():
        log("evaluate.measured", model=model, users=len(queries.users),
            **{m: one.overall[m] for m in ("recall_50", "ndcg_10", "hr_10")})
    with store.writing("evaluation", *place) as draft:
        pq.write_table(_per_user(snapshot, queries, measured), draft.path / "per_user.parquet")
        draft.counts = {"users": len(queries.users), "items": len(snapshot.item_ids), "labels": len(queries.labels.items)}
        draft.facts = {
            "family": challenger.family, "labels": request.labels, "snapshot": snapshot.uri, "day": snapshot.day,
            "dataset": snapshot.dataset,
            "challenger": _who(challenger), "champion": champion and {**_who(champion.candidate), "version": champion.version},
            "metrics": {model: one.overall for model, one in measured.items()},
            "health": health(challenger, snapshot.item_ids, queries, lists),
            "users_without_history": int((queries.histories.lengths == 0).sum()), "users_without_list": int(lists.silent.sum())}
        draft.lineage = {**made_of, "parents": [request.candidate, snapshot.uri,
                                                *([champion.candidate.artefact.uri] if champion else [])]}


def _who(candidate: Candidate) -> dict:
    facts = candidate.artefact.facts
    return {"uri": candidate.artefact.uri, "id": candidate.artefact.id,
            **{name: facts.get(name) for name in ("day", "settings_digest", "code", "stability")}}


def _per_user(snapshot: Snapshot, queries: Queries, measured: dict[str, Measured]) -> pa.Table:
    users = [snapshot.user_ids[row] for row in queries.users]
    _, labels = hits(np.zeros((len(users), 0), np.int64), queries.labels, len(snapshot.item_ids))
    return pa.concat_tables([pa.table({
        "user": users, "model": [model] * len(users), "history": queries.histories.lengths, "labels": labels, **one.per_user,
    }) for model, one in measured.items()])


def _figures(metrics: dict[str, dict[str, float | None]]) -> dict[str, float]:
    return {f"{SHOWN_AS[model]}/{name}": value  # MLflow draws one section of charts for each name before a slash
            for model, one in metrics.items() for name, value in one.items() if value is not None}


def _result(done: Artefact) -> dict:
    facts = done.facts
    champion = facts["champion"] or {"uri": None, "version": None}
    return {"uri": done.uri, "id": done.id, "family": facts["family"], "candidate": facts["challenger"]["uri"],
            "champion": champion["uri"], "champion_version": champion["version"], "snapshot": facts["snapshot"],
            "day": facts["day"], "users": done.counts["users"],
            "users_without_list": facts["users_without_list"],
            "metrics": {"champion": None, **facts["metrics"]}}
