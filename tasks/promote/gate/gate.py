"""Verb `gate`: decide on an evaluation, and write the verdict to the store and to MLflow.

verdicts/<family>/<id>/
    verdict.json    the whole document, see `tasks.promote.gate.decide`
    verdict.html    the same as a page: the reasons, tables, a plot of the differences
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
from tasks.promote.gate.policy import read_policy
from tasks.promote.gate.verdict_page import figure, users_sentence, verdict_page
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
FACT_FIELDS = (
    "family",
    "day",
    "outcome",
    "question",
    "reason",
    "version",
    "champion_version",
)
TABLE_METRICS = ("recall_50", "ndcg_10", "hr_10", "coverage_50", "similar_hr_10")


def gate(request: GateRequest) -> dict:
    """Write the verdict, or find it written, and log it to MLflow.

    Returns:
        uri and id of the verdict, and `RESULT_FIELDS` of it.

    Raises:
        BadRequest: there is no such evaluation, or the policy cannot be read or names a metric
            that was not measured.
        Unreachable: the registry does not answer.
    """
    store = Store(request.store)
    evaluation = store.open(request.evaluation, "evaluation")
    policy, file = read_policy(evaluation.facts["family"], request.policy)
    version, run, taken_down = _registered_version(request, evaluation)
    inputs = {
        "evaluation": evaluation.id,
        "policy": policy,
        "version": version,
        "taken_down": taken_down,
        "code": code_version(__name__),
    }
    path = ("verdicts", evaluation.facts["family"], identity(**inputs))
    if store.find(*path) is None:
        decision = decide(
            read_case(evaluation, store.open(evaluation.facts["yardstick"], "yardstick")),
            policy,
            taken_down,
        )
        document = _document(decision, evaluation, file.name, version)
        _write(store, path, document, evaluation)
    artefact = store.find(*path)
    assert artefact, "it was written, or found written, above"
    verdict = json.loads(artefact.file("verdict.json").read_text())
    _log_verdict(verdict)
    if request.track:
        _log_to_mlflow(artefact, verdict, run)
    fields = {name: verdict[name] for name in RESULT_FIELDS}
    return {"uri": artefact.uri, "id": artefact.id, **fields}


def _log_verdict(verdict: dict) -> None:
    fields = {name: verdict[name] for name in ("family", "outcome", "question", "users")}
    log("promote.verdict", **fields)
    for reason in verdict["reasons"]:
        log("promote.because", reason=reason)


def _registered_version(
    request: GateRequest, evaluation: Artefact
) -> tuple[str | None, str | None, str | None]:
    """The challenger's version, its run, and the reason it was taken down; None where unknown."""
    if not request.track:
        return request.version, request.run, None
    family, candidate = evaluation.facts["family"], evaluation.facts["challenger"]["id"]
    version = (
        registry.version_of(family, request.version)
        if request.version
        else registry.version_of_candidate(family, candidate)
    )
    if version is None:
        return None, request.run, None
    if version.tags.get(mlflow_client.TAG) != candidate:
        raise BadRequest(
            f"version {version.version} of {family} stands for another candidate",
            got=version.tags.get(mlflow_client.TAG),
            allowed=candidate,
        )
    run = request.run or version.run_id
    return str(version.version), run, version.tags.get(registry.TAKEN_DOWN)


def _document(decision: dict, evaluation: Artefact, file: str, version: str | None) -> dict:
    """The whole verdict: the decision, and what it was made on."""
    facts = evaluation.facts
    champion = facts["champion"] or {"uri": None, "version": None}
    members = facts.get("members") or {}
    return {
        **decision,
        "policy_file": file,
        "family": facts["family"],
        "day": facts["day"],
        "dataset": facts["dataset"],
        "snapshot": facts["snapshot"],
        "labels": facts["labels"],
        "weights": {family: member["weight"] for family, member in members.items()},
        "candidate": facts["challenger"]["uri"],
        "candidate_id": facts["challenger"]["id"],
        "version": version,
        "champion": champion["uri"],
        "champion_version": champion["version"],
        "evaluation": evaluation.uri,
        "stability": facts["challenger"].get("stability"),
        "health": facts["health"],
    }


def _write(store: Store, path: tuple[str, ...], verdict: dict, evaluation: Artefact) -> None:
    with store.writing("verdict", *path) as draft:
        write_json(draft.path / "verdict.json", _finite(verdict))
        (draft.path / "verdict.html").write_text(verdict_page(verdict))
        draft.counts = {"users": verdict["users"]}
        draft.facts = {name: verdict[name] for name in FACT_FIELDS}
        draft.lineage = {
            "settings": verdict["policy"],
            "code": code_version(__name__),
            "parents": [evaluation.uri],
        }


def _finite(value: Any) -> Any:
    """The value with None for figures that are not finite, which JSON has not.

    One user, for example, has no standard error.
    """
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _log_to_mlflow(artefact: Artefact, verdict: dict, run: str | None) -> None:
    """Log the verdict to the run and the version; doing so twice changes nothing."""
    tags = {registry.VERDICT: verdict["outcome"], registry.REASON: verdict["reason"]}
    with mlflow_errors():
        if run:
            for name in ("verdict.json", "verdict.html"):
                mlflow_client.client().log_artifact(run, str(artefact.path / name), "verdict")
            mlflow_client.client().set_tag(run, mlflow_client.DESCRIPTION, _description(verdict))
        if verdict["version"]:
            mlflow_client.client().update_model_version(
                mlflow_client.model_name(verdict["family"]),
                verdict["version"],
                _description(verdict),
            )
            registry.tag_version(verdict["family"], verdict["version"], tags)


def _description(verdict: dict) -> str:
    """Markdown for the run and the version: the decision, its reason, the metrics of each model."""
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
                + " | ".join(figure(figures.get(name)) for name in TABLE_METRICS)
                + " |"
            )
    lines += [
        "",
        f"{users_sentence(verdict)} of snapshot {verdict['snapshot'].rsplit('/', 1)[-1]}, policy "
        f"{verdict['policy_file']}",
    ]
    return "\n".join([*lines, "", stability_sentence(verdict["stability"])]).strip()
