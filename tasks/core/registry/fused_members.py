"""The members of a model that is made of other families' models, and when it is out of date.

A candidate's manifest names them: facts["members"] = {family: {uri, id, version, day, weight}}.
"""

from __future__ import annotations

from typing import Any

from tasks.core.cli.log import log
from tasks.core.registry import mlflow_client
from tasks.core.registry.champion import find_champion
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store

STALE = "recall.stale"  # tag of a version: why it should no longer be served


def member_facts(candidate: Candidate, version: str | None) -> dict[str, Any]:
    """A member as a manifest names it."""
    return {
        "uri": candidate.artefact.uri,
        "id": candidate.artefact.id,
        "version": version,
        "day": candidate.artefact.facts["day"],
    }


def members_of(candidate: Candidate) -> dict[str, dict[str, Any]]:
    """Family → member; empty for a model that stands for itself."""
    return candidate.artefact.facts.get("members") or {}


def stale_reason(candidate: Candidate) -> str | None:
    """The member that was taken down since, and why; None when none was.

    Raises:
        Unreachable: the registry does not answer.
    """
    for family, member in members_of(candidate).items():
        if (
            member["version"]
            and member["weight"] > 0
            and (why := mlflow_client.takedown_reason(family, member["version"]))
        ):
            return f"version {member['version']} of {family}, a member, was taken down: {why}"
    return None


def mark_stale(store: Store, family: str) -> str | None:
    """Tag the champion of a family when one of its members was taken down; returns why."""
    champion = find_champion(store, family, None)
    if champion is None or champion.version is None:
        return None
    if why := stale_reason(champion.candidate):
        mlflow_client.tag_version(family, champion.version, {STALE: why})
        log(f"{family}.stale", version=champion.version, why=why)
    return why
