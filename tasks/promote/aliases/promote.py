"""Verb `promote`: carry a verdict out, once.

The alias `champion` moves to the challenger, `previous` to the champion it was compared with.
"""

from __future__ import annotations

import json

from tasks.core.cli.errors import BadRequest, Conflict, NothingToDo
from tasks.core.cli.log import log
from tasks.core.registry import mlflow_client
from tasks.core.store.store import Store
from tasks.promote.aliases import registry
from tasks.promote.aliases.audit import Audit, now
from tasks.promote.aliases.moves import finish_move, move_aliases
from tasks.promote.settings import Answer, PromoteRequest


def promote(request: PromoteRequest) -> dict:
    """Move the aliases as the verdict says, or find them moved.

    Returns:
        family, version, previous, candidate, snapshot, day.

    Raises:
        NothingToDo: the verdict is hold, or ask and nobody approved, or a person turned the
            challenger down.
        BadRequest: the challenger is not registered.
        Conflict: the champion is no longer the one the challenger was compared with, or the verdict
            was carried out and undone since. Neither is retried: a new verdict is needed.
    """
    store = Store(request.store)
    artefact = store.open(request.verdict, "verdict")
    verdict = json.loads(artefact.file("verdict.json").read_text())
    audit = Audit(store, verdict["family"])
    if request.answer and not request.answer.approved and verdict["outcome"] != "hold":
        with audit.lock():
            record_rejection(audit, verdict, artefact.id, request)
    if reason := hold_reason(verdict, request.answer):
        raise NothingToDo(f"{verdict['family']}: {reason}; the champion stays")
    with audit.lock():
        finish_move(audit)
        _check_version(verdict)
        _move(audit, verdict, artefact.id, request)
    return {
        "family": verdict["family"],
        "version": verdict["version"],
        "previous": registry.version_behind(verdict["family"], mlflow_client.PREVIOUS),
        "candidate": verdict["candidate"],
        "snapshot": verdict["snapshot"],
        "day": verdict["day"],
    }


def hold_reason(verdict: dict, answer: Answer | None) -> str | None:
    """The reason not to move the aliases, or None.

    A hold cannot be approved; a person may turn down a promotion, and must approve an ask.
    """
    if verdict["outcome"] != "hold" and answer and not answer.approved:
        return f"turned down by {answer.by}" + (f": {answer.why}" if answer.why else "")
    if verdict["outcome"] == "promote" or (verdict["outcome"] == "ask" and answer):
        return None
    return f"{verdict['outcome']}, {verdict['reason']}"


def record_rejection(audit: Audit, verdict: dict, id: str, request: PromoteRequest) -> None:
    """Write the record of a person who turned a challenger down, once."""
    answer = request.answer
    assert answer, "only an answer turns a challenger down"
    if audit.find(f"turned-down-{id}") is None:
        audit.end(
            {
                "name": f"turned-down-{id}",
                "action": "turn down",
                "family": verdict["family"],
                "from": verdict["champion_version"],
                "to": verdict["version"],
                "by": answer.by,
                "why": answer.why or "not approved",
                "when": now(),
                "verdict": request.verdict,
                "candidate": verdict["candidate"],
                "origin": request.origin,
            }
        )


def _check_version(verdict: dict) -> None:
    """Check that the version in the registry is the candidate of the verdict."""
    if verdict["version"] is None:
        raise BadRequest(
            f"the challenger of {verdict['family']} has no registered version",
            got=verdict["candidate"],
            remedy="train with track=true and judge again",
        )
    candidate = registry.version_of(verdict["family"], verdict["version"]).tags.get(
        mlflow_client.TAG
    )
    if candidate != verdict["candidate_id"]:
        raise Conflict(
            f"version {verdict['version']} of {verdict['family']} is not the candidate of this "
            "verdict",
            got=candidate,
            allowed=verdict["candidate_id"],
            remedy="run the gate again",
        )


def _move(audit: Audit, verdict: dict, id: str, request: PromoteRequest) -> None:
    family, version = verdict["family"], verdict["version"]
    live = registry.version_behind(family, mlflow_client.CHAMPION)
    if live == version:
        log("promote.already", family=family, champion=version)
        return
    name = f"promote-{id}"
    if done := audit.find(name):
        raise Conflict(
            f"this verdict was carried out at {done['when']} and undone since: version {live} "
            "is live",
            remedy="train again, or bring the version back with restore",
        )
    if live != verdict["champion_version"]:
        raise Conflict(
            f"the verdict compared version {version} of {family} with another champion",
            got=f"version {live} is live",
            allowed=f"version {verdict['champion_version']}",
            remedy="judge the challenger again: evaluate, gate, promote",
        )
    by, why = request.origin.get("run_id") or "command line", verdict["reason"]
    if answer := request.answer:
        by = answer.by
        why = f"{why}; approved{f': {answer.why}' if answer.why else ''}"
    move_aliases(
        audit,
        {
            "name": name,
            "action": "promote",
            "family": family,
            "from": live,
            "to": version,
            "by": by,
            "why": why,
            "when": now(),
            "verdict": request.verdict,
            "candidate": verdict["candidate"],
            "origin": request.origin,
        },
    )
