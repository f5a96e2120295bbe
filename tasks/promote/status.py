"""What the registry says now, and what the policy of a family is."""

from __future__ import annotations

import dataclasses

from tasks.core.registry import mlflow_client
from tasks.promote.aliases import registry
from tasks.promote.gate.policy import read_policy
from tasks.promote.settings import PolicyRequest, StatusRequest


def policy(request: PolicyRequest) -> dict:
    """The policy as it was understood, and its file."""
    found, file = read_policy(request.family, request.policy)
    return {"file": str(file), "policy": dataclasses.asdict(found)}


def status(request: StatusRequest) -> dict:
    """Family → champion, previous, challenger (versions, None where there is none)."""
    found = mlflow_client.aliases()
    wanted = [request.family] if request.family else sorted(found)
    return {
        "families": {
            family: {alias: found.get(family, {}).get(alias) for alias in registry.ALIASES}
            for family in wanted
        }
    }
