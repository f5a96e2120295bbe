"""What the registry says now."""

from __future__ import annotations

from tasks.promote import registry
from tasks.promote.settings import StatusRequest


def status(request: StatusRequest) -> dict:
    """Family → champion, previous, challenger (versions, None where there is none)."""
    found = registry.aliases()
    wanted = [request.family] if request.family else sorted(found)
    return {"families": {family: {alias: found.get(family, {}).get(alias) for alias in registry.ALIASES} for family in wanted}}
