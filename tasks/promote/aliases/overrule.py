"""Overruling the gate: a person lets a version go live whatever its verdict says, or bars one. Both
with a reason that is kept.
"""

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
    """Make a version the champion; a bar on it is lifted. A second request of the same origin finds
    its work done.

    Returns:
        family, version, previous, candidate, snapshot (its id), day, by, why, when.

    Raises:
        BadRequest: there is no such version, or it does not say where its candidate lies.
        Conflict: it is the champion already.
    """
    return _decided(request, "force")


def refuse(request: Decision) -> dict:
    """Bar a version: the gate holds its candidate from now on, with this reason.

    Raises:
        BadRequest: there is no such version.
        Conflict: it is the champion; roll back instead.
    """
    return _decided(request, "refuse")


def _decided(request: Decision, action: str) -> dict:
    audit = Audit(Store(request.store), request.family)
    key = (
        identity(version=request.version, by=request.by, why=request.why, origin=request.origin)
        if request.origin
        else uuid.uuid4().hex[:16]
    )
    with audit.lock():
        finish_move(audit)
        record = audit.find(f"{action}-{key}") or _carried_out(
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


def _carried_out(audit: Audit, request: Decision, action: str, name: str) -> dict:
    live = registry.version_behind(request.family, mlflow_client.CHAMPION)
    wanted = request.version or registry.version_behind(request.family, mlflow_client.CHALLENGER)
    if wanted is None:
        raise BadRequest(f"{request.family} has no challenger", remedy="name a version")
    tags = registry.version_of(request.family, wanted).tags
    if registry.URI not in tags:
        raise BadRequest(
            f"version {wanted} of {request.family} does not say where its candidate lies",
            allowed=f"a tag {registry.URI}",
            remedy="name another version",
        )
    if live == wanted:
        raise Conflict(
            f"version {wanted} of {request.family} is the champion",
            remedy="roll back to take it down"
            if action == "refuse"
            else "nothing needs to be forced",
        )
    record = {
        "name": name,
        "action": action,
        "family": request.family,
        "from": live,
        "to": wanted,
        "by": request.by,
        "why": request.why,
        "when": now(),
        "verdict": tags.get(registry.VERDICT),
        "candidate": tags[registry.URI],
        "origin": request.origin,
    }
    if action == "force":
        return move_aliases(audit, record)
    registry.tag_version(
        request.family,
        wanted,
        {registry.TAKEN_DOWN: f"{record['why']} ({record['by']}, {record['when']})"},
    )
    audit.end(record)
    return record
