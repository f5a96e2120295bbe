"""Judge a candidate: the same users, today's histories, today's labels for challenger, champion and
baselines.

evaluations/<family>/<id>/
    per_user.parquet   user (string), model (challenger, champion, or the family of a member of the
                       challenger), one float64 column a metric; users in the same order for every
                       model, that of the yardstick
    manifest.json      facts: who was judged on what, the yardstick, the metrics' means, slices,
                       health
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Snapshot
from tasks.core.registry import champion as champions
from tasks.core.registry import fused_members
from tasks.core.registry.champion import Champion
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.evaluate import mlflow_logging
from tasks.evaluate.baselines.baseline_evaluation import baseline_evaluation
from tasks.evaluate.health import health
from tasks.evaluate.lists import lists_of_candidate
from tasks.evaluate.measure import ItemPopularity, Metrics, mean_over_seeds, measure
from tasks.evaluate.metrics import MAX_LIST_LENGTH
from tasks.evaluate.settings import JudgeRequest
from tasks.evaluate.user_sample import sample_queries


def judge(request: JudgeRequest) -> dict:
    """Write the evaluation, or find it written, and log its figures.

    Raises:
        BadRequest: a candidate, the snapshot or the champion is not there; the seeds are not of one
            recipe.
        Unreachable: the registry does not answer.
    """
    store = Store(request.store)
    challengers = _challengers(store, request)
    first = challengers[0]
    snapshot = Snapshot(
        store.open(request.snapshot, "snapshot") if request.snapshot else _trained_on(store, first)
    )
    champion = champions.find_champion(
        store, first.family, request.champion, request.champion_from_registry
    )
    made_of = {
        "candidates": [one.artefact.id for one in challengers],
        "snapshot": snapshot.id,
        "labels": request.labels,
        "newcomers": request.newcomers,
        "champion": champion and champion.candidate.artefact.id,
        "champion_version": champion and champion.version,
        "champion_stale": champion
        and request.champion_from_registry
        and fused_members.stale_reason(champion.candidate),
        "memory_gb": request.baselines_memory_gb,
        "users_most": request.users_most,
        "code": code_version(__name__),
    }
    place = ("evaluations", first.family, identity(**made_of))
    if store.find(*place) is None:
        _write(store, place, request, challengers, champion, snapshot, made_of)
    done = store.find(*place)
    assert done, "it was written, or found written, above"
    if request.track:
        mlflow_logging.log_evaluation(
            store, done, store.open(done.facts["yardstick"], "yardstick"), request
        )
    return _result(done)


def _challengers(store: Store, request: JudgeRequest) -> list[Candidate]:
    found = [
        Candidate(store.open(uri, "candidate"))
        for uri in dict.fromkeys((request.candidate, *request.seeds))
    ]
    recipes = {
        (
            one.family,
            one.artefact.facts["settings_digest"],
            one.artefact.facts["code"],
            one.artefact.facts["snapshot"],
        )
        for one in found
    }
    if len(recipes) > 1:
        raise BadRequest(
            "the trainings to be judged together differ in more than their seed",
            got=[one.artefact.uri for one in found],
            allowed="one family, one set of settings, one code, one snapshot",
            remedy="judge them one by one",
        )
    return found


def _trained_on(store: Store, candidate: Candidate) -> Artefact:
    facts = candidate.artefact.facts
    if found := store.find("snapshots", facts["dataset"], facts["day"], facts["snapshot"]):
        return found
    raise BadRequest(
        "the snapshot the candidate was trained on is gone",
        got=f"{facts['dataset']} {facts['day']} {facts['snapshot']}",
        remedy="give another snapshot, or ingest that day again",
    )


def _write(
    store: Store,
    place: tuple,
    request: JudgeRequest,
    challengers: list[Candidate],
    champion: Champion | None,
    snapshot: Snapshot,
    made_of: dict,
) -> None:
    everybody = (
        snapshot.newcomers(request.labels)
        if request.newcomers
        else snapshot.queries(request.labels)
    )
    queries = sample_queries(everybody, snapshot.user_ids, request.users_most)
    counts = snapshot.histories("train").popularity(len(snapshot.item_ids))
    catalogue = ItemPopularity.of(counts, snapshot.items["genres"].to_pylist())
    known = baseline_evaluation(store, snapshot, queries, catalogue, request)
    snapshot.let_go()
    say(
        f"the lists of {len(queries.users):,} users by the challenger, then by what it is "
        f"compared with"
    )
    lists = [
        lists_of_candidate(one, snapshot.item_ids, queries, MAX_LIST_LENGTH) for one in challengers
    ]
    each = [measure(one, queries.labels, catalogue) for one in lists]
    measured = {"challenger": mean_over_seeds(each)}
    if (
        champion
        and len(challengers) == 1
        and champion.candidate.artefact.id == challengers[0].artefact.id
    ):
        measured["champion"] = measured["challenger"]
    elif champion:
        measured["champion"] = measure(
            lists_of_candidate(champion.candidate, snapshot.item_ids, queries, MAX_LIST_LENGTH),
            queries.labels,
            catalogue,
        )
    for family, member in fused_members.members_of(challengers[0]).items():
        measured[family] = measure(
            lists_of_candidate(
                Candidate(store.open(member["uri"], "candidate")),
                snapshot.item_ids,
                queries,
                MAX_LIST_LENGTH,
            ),
            queries.labels,
            catalogue,
        )
    for model, one in measured.items():
        log(
            "evaluate.measured",
            model=model,
            users=len(queries.users),
            **{m: one.overall[m] for m in ("recall_50", "ndcg_10", "hr_10")},
        )
    with store.writing("evaluation", *place) as draft:
        users = [snapshot.user_ids[row] for row in queries.users]
        pq.write_table(
            pa.concat_tables(
                [
                    pa.table({"user": users, "model": [model] * len(users), **one.per_user})
                    for model, one in measured.items()
                ]
            ),
            draft.path / "per_user.parquet",
        )
        draft.counts = {**known.counts, "seeds": len(challengers)}
        draft.facts = {
            "family": challengers[0].family,
            "labels": request.labels,
            "snapshot": snapshot.uri,
            "day": snapshot.day,
            "dataset": snapshot.dataset,
            "yardstick": known.uri,
            "challenger": _who(challengers[0]),
            "seeds": [_seed(*one) for one in zip(challengers, each, strict=True)],
            "champion": champion and _champion(champion, snapshot, request.champion_from_registry),
            "members": fused_members.members_of(challengers[0]),
            "metrics": {
                **{model: one.overall for model, one in measured.items()},
                **known.facts["metrics"],
            },
            "slices": _slices(known, measured),
            "users_in_all": len(everybody.users),
            "partial": known.facts["partial"],
            "health": health(challengers[0], snapshot.item_ids, queries, lists[0]),
            "users_without_history": int((queries.histories.lengths == 0).sum()),
            "users_without_list": int(lists[0].silent.sum()),
        }
        draft.lineage = {
            **made_of,
            "parents": [
                *(one.artefact.uri for one in challengers),
                snapshot.uri,
                known.uri,
                *([champion.candidate.artefact.uri] if champion else []),
            ],
        }


def _who(candidate: Candidate) -> dict:
    facts = candidate.artefact.facts
    return {
        "uri": candidate.artefact.uri,
        "id": candidate.artefact.id,
        **{name: facts.get(name) for name in ("day", "settings_digest", "code", "stability")},
    }


def _seed(candidate: Candidate, measured: Metrics) -> dict:
    return {
        "candidate": candidate.artefact.uri,
        "seed": candidate.artefact.lineage.get("seed"),
        "metrics": measured.overall,
    }


def _champion(champion: Champion, snapshot: Snapshot, registry: bool) -> dict:
    known = float((champion.candidate.rows_of(snapshot.item_ids) >= 0).mean())
    return {
        **_who(champion.candidate),
        "version": champion.version,
        "items_known": known,
        "stale": fused_members.stale_reason(champion.candidate) if registry else None,
    }


def _slices(known: Artefact, measured: dict[str, Metrics]) -> dict[str, dict]:
    """The yardstick's slices with the models' own means beside the baselines'."""
    table = pq.read_table(known.file("slices.parquet"))
    return {
        name: {
            "users": told["users"],
            "metrics": {
                **{model: one.among(table[name].to_numpy()) for model, one in measured.items()},
                **told["metrics"],
            },
        }
        for name, told in known.facts["slices"].items()
    }


def _result(done: Artefact) -> dict:
    facts = done.facts
    champion = facts["champion"] or {"uri": None, "version": None}
    return {
        "uri": done.uri,
        "id": done.id,
        "family": facts["family"],
        "candidate": facts["challenger"]["uri"],
        "champion": champion["uri"],
        "champion_version": champion["version"],
        "snapshot": facts["snapshot"],
        "day": facts["day"],
        "users": done.counts["users"],
        "seeds": done.counts["seeds"],
        "users_without_list": facts["users_without_list"],
        "metrics": {"champion": None, **facts["metrics"]},
    }
