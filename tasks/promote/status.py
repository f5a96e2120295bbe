"""Verbs `status` and `policy`: the aliases of the registry, and the policy of a family."""

from __future__ import annotations

import dataclasses

from tasks.core.registry import mlflow_client
from tasks.promote.aliases import registry
from tasks.promote.gate.policy import read_policy
from tasks.promote.settings import PolicyRequest, StatusRequest


def policy(request: PolicyRequest) -> dict:
    """The policy of a family as it was read, and its file."""
    policy, file = read_policy(request.family, request.policy)
    return {"file": str(file), "policy": dataclasses.asdict(policy)}


def status(request: StatusRequest) -> dict:
    """Family → version behind champion, previous and challenger, or None."""
    aliases = mlflow_client.aliases()
    families = [request.family] if request.family else sorted(aliases)
    return {
        "families": {
            family: {alias: aliases.get(family, {}).get(alias) for alias in registry.ALIASES}
            for family in families
        }
    }
