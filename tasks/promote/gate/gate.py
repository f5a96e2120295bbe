"""The gate: read an evaluation, decide, write the verdict down where people and programs look for
it.

verdicts/<family>/<id>/
    verdict.json    the whole document, see `tasks.promote.gate.decide`
    verdict.html    the same as a page: the reasons, a table, a plot of the differences
"""

from __future__ import annotations

import json
import math
from typing import Any

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import log
from tasks.core.registry import mlflow_client
from tasks.core.registry.mlflow_errors import mlflow_errors
from tasks.core.retrieval.stability import stability_sentence
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store, write_json
from tasks.promote.aliases import registry
from tasks.promote.gate.case import read_case
from tasks.promote.gate.checks import metric_title
from tasks.promote.gate.decide import decide
from tasks.promote.gate.policy import Policy, read_policy
from tasks.promote.gate.verdict_page import users_sentence, verdict_page
from tasks.promote.settings import GateRequest

RESULT_FIELDS = (
    "family",
    "outcome",
    "question",
    "reason",
    "reasons",
    "metrics",
    "difference",
    "difference_to",
    "baselines",
    "members",
    "best_member",
    "candidate",
    "champion",
    "version",
    "champion_version",
    "snapshot",
    "day",
    "users",
    "checks",
)


TABLE_METRICS = ("recall_50", "ndcg_10", "hr_10", "coverage_50")


def gate(request: GateRequest) -> dict:
    """Write the verdict, or find it written, and tell MLflow.

    Raises:
        BadRequest: no such evaluation, or a policy that cannot be read or names what was not
            measured.
        Unreachable: the registry does not answer.
    """
    store = Store(request.store)
    evaluation = store.open(request.evaluation, "evaluation")
    policy, file = read_policy(evaluation.facts["family"], request.policy)
    version, run, taken_down = _registered(request, evaluation)
    made_of = {
        "evaluation": evaluation.id,
        "policy": policy,
        "version": version,
        "taken_down": taken_down,
        "code": code_version(__name__),
    }
    place = ("verdicts", evaluation.facts["family"], identity(**made_of))
    if not (done := store.find(*place)):
        _write(store, place, policy, file.name, evaluation, version, taken_down)
        done = store.find(*place)
    assert done, "it was written, or found written, above"
    verdict = json.loads(done.file("verdict.json").read_text())
    log(
        "promote.verdict",
        family=verdict["family"],
        outcome=verdict["outcome"],
        question=verdict["question"],
        users=verdict["users"],
    )
    for reason in verdict["reasons"]:
        log("promote.because", reason=reason)
    if request.track:
        _tell(done, verdict, run)
    return {"uri": done.uri, "id": done.id, **{name: verdict[name] for name in RESULT_FIELDS}}


def _registered(
    request: GateRequest, evaluation: Artefact
) -> tuple[str | None, str | None, str | None]:
    """The challenger's version, its run, and why it was taken down, as far as the registry
    knows.
    """
    if not request.track:
        return request.version, request.run, None
    family, candidate = evaluation.facts["family"], evaluation.facts["challenger"]["id"]
    found = (
        registry.version_of(family, request.version)
        if request.version
        else registry.version_of_candidate(family, candidate)
    )
    if found is None:
        return None, request.run, None
    if found.tags.get(mlflow_client.TAG) != candidate:
        raise BadRequest(
            f"version {found.version} of {family} stands for another candidate",
            got=found.tags.get(mlflow_client.TAG),
            allowed=candidate,
        )
    return str(found.version), request.run or found.run_id, found.tags.get(registry.TAKEN_DOWN)


def _write(
    store: Store,
    place: tuple,
    policy: Policy,
    file: str,
    evaluation: Artefact,
    version: str | None,
    taken_down: str | None,
) -> None:
    facts, champion = (
        evaluation.facts,
        evaluation.facts["champion"] or {"uri": None, "version": None},
    )
    verdict = {
        **decide(
            read_case(evaluation, store.open(facts["yardstick"], "yardstick")), policy, taken_down
        ),
        "policy_file": file,
        "family": facts["family"],
        "day": facts["day"],
        "dataset": facts["dataset"],
        "snapshot": facts["snapshot"],
        "labels": facts["labels"],
        "weights": {family: one["weight"] for family, one in (facts.get("members") or {}).items()},
        "candidate": facts["challenger"]["uri"],
        "candidate_id": facts["challenger"]["id"],
        "version": version,
        "champion": champion["uri"],
        "champion_version": champion["version"],
        "evaluation": evaluation.uri,
        "stability": facts["challenger"].get("stability"),
        "health": facts["health"],
    }
    with store.writing("verdict", *place) as draft:
        write_json(draft.path / "verdict.json", _finite(verdict))
        (draft.path / "verdict.html").write_text(verdict_page(verdict))
        draft.counts = {"users": verdict["users"]}
        draft.facts = {
            name: verdict[name]
            for name in (
                "family",
                "day",
                "outcome",
                "question",
                "reason",
                "version",
                "champion_version",
            )
        }
        draft.lineage = {
            "settings": verdict["policy"],
            "code": code_version(__name__),
            "parents": [evaluation.uri],
        }


def _finite(value: Any) -> Any:
    """The same with None for a figure that is none: one user has no standard error, and JSON no
    infinity.
    """
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tell(done: Artefact, verdict: dict, run: str | None) -> None:
    """Artefacts and tags of the run, tags and description of the version; telling twice changes
    nothing.
    """
    tags = {registry.VERDICT: verdict["outcome"], registry.REASON: verdict["reason"]}
    with mlflow_errors():
        if run:
            for name in ("verdict.json", "verdict.html"):
                mlflow_client.client().log_artifact(run, str(done.path / name), "verdict")
            mlflow_client.client().set_tag(run, mlflow_client.DESCRIPTION, _described(verdict))
        if verdict["version"]:
            mlflow_client.client().update_model_version(
                mlflow_client.model_name(verdict["family"]), verdict["version"], _described(verdict)
            )
            registry.tag_version(verdict["family"], verdict["version"], tags)


def _described(verdict: dict) -> str:
    """What a person reads beside the run and the version: the decision, why, and how far the model
    is from what is simple.
    """
    lines = [
        f"{verdict['outcome']} on {verdict['day']}: {verdict['reason']}",
        "",
        "| | " + " | ".join(map(metric_title, TABLE_METRICS)) + " |",
        "|---|" + "---|" * len(TABLE_METRICS),
    ]
    for model, figures in verdict["metrics"].items():
        if figures:
            lines.append(
                f"| {model} | "
                + " | ".join(f"{figures[name]:.4f}" for name in TABLE_METRICS)
                + " |"
            )
    lines += [
        "",
        f"{users_sentence(verdict)} of snapshot {verdict['snapshot'].rsplit('/', 1)[-1]}, policy "
        f"{verdict['policy_file']}",
    ]
    return "\n".join([*lines, "", stability_sentence(verdict["stability"])]).strip()
