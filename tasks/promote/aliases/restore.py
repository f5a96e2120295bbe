"""Verb `restore`: bring an earlier version back, by a person's decision with a reason."""

from __future__ import annotations

import uuid

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.core.store.identity import identity
from tasks.core.store.store import Store
from tasks.promote.aliases import registry
from tasks.promote.aliases.audit import Audit, now
from tasks.promote.aliases.moves import finish_move, move_aliases
from tasks.promote.settings import Decision


def restore(request: Decision) -> dict:
    """Make a version the champion and today's champion the previous one.

    A second request of the same origin (a retried task) finds its work done instead of changing
    back. The version that was taken down is tagged with the reason, and the gate holds its
    candidate from then on.

    Returns:
        family, version, previous, moved, candidate, day, by, why, when.

    Raises:
        BadRequest: there is no such version, no previous one, or the version does not name its
            candidate.
    """
    audit = Audit(Store(request.store), request.family)
    key = uuid.uuid4().hex[:16]
    if request.origin:
        key = identity(
            version=request.version, by=request.by, why=request.why, origin=request.origin
        )
    with audit.lock():
        finish_move(audit)
        record = audit.find(f"restore-{key}") or _move(audit, request, f"restore-{key}")
    version = registry.version_of(request.family, record["to"])
    return {
        "family": request.family,
        "version": record["to"],
        "previous": record["from"],
        "moved": record["moved"],
        "candidate": version.tags[registry.URI],
        "day": version.tags.get("recall.day"),
        "by": record["by"],
        "why": record["why"],
        "when": record["when"],
    }


def _move(audit: Audit, request: Decision, name: str) -> dict:
    live = registry.version_behind(request.family, mlflow_client.CHAMPION)
    version = request.version or registry.version_behind(request.family, mlflow_client.PREVIOUS)
    if version is None:
        raise BadRequest(
            f"{request.family} has no previous version",
            remedy="name a version, or leave the champion where it is",
        )
    if registry.URI not in registry.version_of(request.family, version).tags:
        raise BadRequest(
            f"version {version} of {request.family} does not name its candidate",
            allowed=f"a tag {registry.URI}",
            remedy="name another version",
        )
    record = {
        "name": name,
        "action": "restore",
        "family": request.family,
        "from": live,
        "to": version,
        "by": request.by,
        "why": request.why,
        "when": now(),
        "moved": live != version,
        "origin": request.origin,
    }
    if live == version:
        return {**record, "from": registry.version_behind(request.family, mlflow_client.PREVIOUS)}
    return move_aliases(audit, record)
