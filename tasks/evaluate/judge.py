"""Verb `judge`: measure a candidate beside the champion and the baselines, on the same users.

evaluations/<family>/<id>/
    per_user.parquet    user (string), model (challenger, champion, or the family of a member of the
                        challenger), one float64 column a metric; users in the same order for every
                        model, that of the baseline evaluation
    manifest.json       facts: the models, snapshot and labels, the URI of the baseline evaluation
                        (`yardstick`), means of the metrics, slices, health
"""

from __future__ import annotations

import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Queries
from tasks.core.registry import fused_members
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.evaluate import mlflow_logging
from tasks.evaluate.baselines.baseline_evaluation import baseline_evaluation
from tasks.evaluate.health import health
from tasks.evaluate.inputs import Inputs
from tasks.evaluate.lists import Lists, lists_of_candidate
from tasks.evaluate.measure import ItemPopularity, Metrics, mean_over_seeds, measure
from tasks.evaluate.metrics import MAX_LIST_LENGTH
from tasks.evaluate.settings import JudgeRequest
from tasks.evaluate.similar import lists_of_neighbours, with_similar
from tasks.evaluate.user_sample import sample_queries

LOGGED_METRICS = ("recall_50", "ndcg_10", "hr_10", "similar_hr_10")


@dataclasses.dataclass(frozen=True)
class Measured:
    """Metrics of the models of an evaluation.

    Attributes:
        models: model → metrics; the challenger's are the mean over its seeds.
        seeds: metrics of each training of the challenger.
        first: lists of the first training.
    """

    models: dict[str, Metrics]
    seeds: list[Metrics]
    first: Lists


def judge(request: JudgeRequest) -> dict:
    """Write the evaluation of a candidate, or find it written, and log its figures.

    Returns:
        uri and id of the evaluation, family, candidate, champion, champion_version, snapshot, day,
        users, seeds, users_without_list, metrics (model → metric → mean).

    Raises:
        BadRequest: a candidate, the snapshot or the champion is missing; the seeds are not of one
            recipe.
        Unreachable: the registry does not answer.
    """
    store = Store(request.store)
    inputs = Inputs.of(store, request)
    identifying = inputs.identify(request, code_version(__name__))
    path = ("evaluations", inputs.challengers[0].family, identity(**identifying))
    if store.find(*path) is None:
        _write(store, path, request, inputs, identifying)
    evaluation = store.find(*path)
    assert evaluation, "it was written, or found written, above"
    if request.track:
        baselines = store.open(evaluation.facts["yardstick"], "yardstick")
        mlflow_logging.log_evaluation(store, evaluation, baselines, request)
    return _result(evaluation)


def _write(
    store: Store, path: tuple[str, ...], request: JudgeRequest, inputs: Inputs, identifying: dict
) -> None:
    snapshot = inputs.snapshot
    everybody = (
        snapshot.cold_start_queries(request.labels)
        if request.newcomers
        else snapshot.queries(request.labels)
    )
    queries = sample_queries(everybody, snapshot.user_ids, request.users_most)
    counts = snapshot.histories("train").popularity(len(snapshot.item_ids))
    catalogue = ItemPopularity.of(counts, snapshot.items["genres"].to_pylist())
    baselines = baseline_evaluation(store, snapshot, queries, catalogue, request)
    snapshot.let_go()
    say(f"the lists of {len(queries.users):,} users by the challenger, then by the other models")
    measured = _measure_models(store, inputs, queries, catalogue)
    with store.writing("evaluation", *path) as draft:
        users = [snapshot.user_ids[row] for row in queries.users]
        tables = [
            pa.table({"user": users, "model": [model] * len(users), **metrics.per_user})
            for model, metrics in measured.models.items()
        ]
        pq.write_table(pa.concat_tables(tables), draft.path / "per_user.parquet")
        draft.counts = {**baselines.counts, "seeds": len(inputs.challengers)}
        draft.facts = {
            **_models_of(inputs, request, measured),
            **_figures_of(baselines, measured),
            **_users_of(inputs, queries, measured.first),
            "users_in_all": len(everybody.users),
        }
        draft.lineage = {**identifying, "parents": _parents(inputs, baselines)}


def _measure_models(
    store: Store, inputs: Inputs, queries: Queries, catalogue: ItemPopularity
) -> Measured:
    """Measure the challenger, the champion, and the members of a challenger made of several."""
    item_ids, first, champion = inputs.snapshot.item_ids, inputs.challengers[0], inputs.champion
    lists = [
        lists_of_candidate(candidate, item_ids, queries, MAX_LIST_LENGTH)
        for candidate in inputs.challengers
    ]

    def measured(candidate: Candidate, shown: Lists | None = None) -> Metrics:
        shown = shown or lists_of_candidate(candidate, item_ids, queries, MAX_LIST_LENGTH)
        similar = lists_of_neighbours(candidate, item_ids, queries)
        metrics = measure(shown, queries.labels, catalogue)
        return with_similar(metrics, similar, queries, catalogue)

    seeds = [measured(*pair) for pair in zip(inputs.challengers, lists, strict=True)]
    models = {"challenger": mean_over_seeds(seeds)}

    if champion:
        same = len(seeds) == 1 and champion.candidate.artefact.id == first.artefact.id
        models["champion"] = models["challenger"] if same else measured(champion.candidate)
    for family, member in fused_members.members_of(first).items():
        models[family] = measured(Candidate(store.open(member["uri"], "candidate")))
    for model, metrics in models.items():
        means = {name: metrics.overall[name] for name in LOGGED_METRICS}
        log("evaluate.measured", model=model, users=len(queries.users), **means)
    return Measured(models, seeds, lists[0])


def _models_of(inputs: Inputs, request: JudgeRequest, measured: Measured) -> dict:
    """Facts: the models, and the snapshot they were judged on."""
    challengers, snapshot = inputs.challengers, inputs.snapshot
    return {
        "family": challengers[0].family,
        "labels": request.labels,
        "snapshot": snapshot.uri,
        "day": snapshot.day,
        "dataset": snapshot.dataset,
        "challenger": _model(challengers[0]),
        "seeds": [_seed(*pair) for pair in zip(challengers, measured.seeds, strict=True)],
        "champion": inputs.champion and _champion(inputs, request),
        "members": fused_members.members_of(challengers[0]),
    }


def _figures_of(baselines: Artefact, measured: Measured) -> dict:
    """Facts: means of the metrics, of all users and of each slice."""
    means = {model: metrics.overall for model, metrics in measured.models.items()}
    return {
        "yardstick": baselines.uri,
        "metrics": {**means, **baselines.facts["metrics"]},
        "slices": _slices(baselines, measured.models),
        "partial": baselines.facts["partial"],
    }


def _users_of(inputs: Inputs, queries: Queries, lists: Lists) -> dict:
    """Facts: health of the challenger, and the users without a history or a list."""
    return {
        "health": health(inputs.challengers[0], inputs.snapshot.item_ids, queries, lists),
        "users_without_history": int((queries.histories.lengths == 0).sum()),
        "users_without_list": int(lists.without_list.sum()),
    }


def _parents(inputs: Inputs, baselines: Artefact) -> list[str]:
    candidates = [candidate.artefact.uri for candidate in inputs.challengers]
    champion = [inputs.champion.candidate.artefact.uri] if inputs.champion else []
    return [*candidates, inputs.snapshot.uri, baselines.uri, *champion]


def _model(candidate: Candidate) -> dict:
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


def _champion(inputs: Inputs, request: JudgeRequest) -> dict:
    champion = inputs.champion
    assert champion, "there is one to describe"
    known = champion.candidate.rows_of(inputs.snapshot.item_ids) >= 0
    return {
        **_model(champion.candidate),
        "version": champion.version,
        "items_known": float(known.mean()),
        "stale": inputs.stale_reason(request),
    }


def _slices(baselines: Artefact, models: dict[str, Metrics]) -> dict[str, dict]:
    """The slices of the baseline evaluation, with the means of the models beside the baselines'."""
    table = pq.read_table(baselines.file("slices.parquet"))
    slices = {}
    for name, facts in baselines.facts["slices"].items():
        users = table[name].to_numpy()
        means = {model: metrics.among(users) for model, metrics in models.items()}
        slices[name] = {"users": facts["users"], "metrics": {**means, **facts["metrics"]}}
    return slices


def _result(evaluation: Artefact) -> dict:
    facts = evaluation.facts
    champion = facts["champion"] or {"uri": None, "version": None}
    return {
        "uri": evaluation.uri,
        "id": evaluation.id,
        "family": facts["family"],
        "candidate": facts["challenger"]["uri"],
        "champion": champion["uri"],
        "champion_version": champion["version"],
        "snapshot": facts["snapshot"],
        "day": facts["day"],
        "users": evaluation.counts["users"],
        "seeds": evaluation.counts["seeds"],
        "users_without_list": facts["users_without_list"],
        "metrics": {"champion": None, **facts["metrics"]},
    }
