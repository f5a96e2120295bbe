"""Verbs `force` and `refuse`: a person overrules the gate, with a reason that is kept."""

from __future__ import annotations

import uuid

from tasks.core.cli.errors import BadRequest, Conflict
from tasks.core.registry import mlflow_client
from tasks.core.store.identity import identity
from tasks.core.store.store import Store
from tasks.promote.aliases import registry
from tasks.promote.aliases.audit import Audit, now
from tasks.promote.aliases.moves import finish_move, move_aliases
from tasks.promote.settings import Decision


def force(request: Decision) -> dict:
    """Make a version the champion, whatever its verdict says, and lift a bar on it.

    A second request of the same origin finds its work done.

    Returns:
        family, version, previous, candidate, snapshot (its id), day, by, why, when.

    Raises:
        BadRequest: there is no such version, or it does not name its candidate.
        Conflict: it is the champion already.
    """
    return _decide(request, "force")


def refuse(request: Decision) -> dict:
    """Bar a version: the gate holds its candidate from now on, with this reason.

    Raises:
        BadRequest: there is no such version.
        Conflict: it is the champion; roll back instead.
    """
    return _decide(request, "refuse")


def _decide(request: Decision, action: str) -> dict:
    audit = Audit(Store(request.store), request.family)
    key = (
        identity(version=request.version, by=request.by, why=request.why, origin=request.origin)
        if request.origin
        else uuid.uuid4().hex[:16]
    )
    with audit.lock():
        finish_move(audit)
        record = audit.find(f"{action}-{key}") or _carry_out(
            audit, request, action, f"{action}-{key}"
        )
    tags = registry.version_of(request.family, record["to"]).tags
    return {
        "family": request.family,
        "version": record["to"],
        "previous": record["from"],
        "candidate": tags[registry.URI],
        "snapshot": tags.get("recall.snapshot"),
        "day": tags.get("recall.day"),
        "by": record["by"],
        "why": record["why"],
        "when": record["when"],
    }


def _carry_out(audit: Audit, request: Decision, action: str, name: str) -> dict:
    live = registry.version_behind(request.family, mlflow_client.CHAMPION)
    version, tags = _version_to_move(request, live, action)
    record = {
        "name": name,
        "action": action,
        "family": request.family,
        "from": live,
        "to": version,
        "by": request.by,
        "why": request.why,
        "when": now(),
        "verdict": tags.get(registry.VERDICT),
        "candidate": tags[registry.URI],
        "origin": request.origin,
    }
    if action == "force":
        return move_aliases(audit, record)
    reason = f"{record['why']} ({record['by']}, {record['when']})"
    registry.tag_version(request.family, version, {registry.TAKEN_DOWN: reason})
    audit.end(record)
    return record


def _version_to_move(
    request: Decision, live: str | None, action: str
) -> tuple[str, dict[str, str]]:
    """The version that the decision is about, and its tags."""
    version = request.version or registry.version_behind(request.family, mlflow_client.CHALLENGER)
    if version is None:
        raise BadRequest(f"{request.family} has no challenger", remedy="name a version")
    tags = registry.version_of(request.family, version).tags
    if registry.URI not in tags:
        raise BadRequest(
            f"version {version} of {request.family} does not name its candidate",
            allowed=f"a tag {registry.URI}",
            remedy="name another version",
        )
    if live == version:
        raise Conflict(
            f"version {version} of {request.family} is the champion",
            remedy="roll back to take it down"
            if action == "refuse"
            else "nothing needs to be forced",
        )
    return version, tags
