"""The requests of publication and rollback."""

from __future__ import annotations

import dataclasses
from typing import Any

from recall.forms import operations
from recall.requests import common


@dataclasses.dataclass(frozen=True)
class PublicationRequests:
    """The requests of one family's publication."""

    family: str

    def index(self, context: Any) -> dict:
        announced = common.event(context)
        return {
            "store": common.store(),
            "family": self.family,
            "candidate": context["params"].get("candidate") or announced.get("candidate"),
            "snapshot": announced.get("snapshot"),
            **common.settings(context, list(operations.INDEX)),
        }

    def bundle(self, context: Any) -> dict:
        announced = common.event(context)
        return {
            "store": common.store(),
            "index": common.result(context, "index")["uri"],
            "version": announced.get("version") or common.result(context, "index").get("version"),
            **common.settings(context, list(operations.BUNDLE)),
        }

    def load(self, context: Any) -> dict:
        return {**self.verify(context), **common.settings(context, list(operations.LOAD))}

    def verify(self, context: Any) -> dict:
        return {"store": common.store(), "generation": common.result(context, "bundle")["uri"]}

    def go_live(self, context: Any) -> dict:
        trigger = common.triggered_by(context)
        return {
            **self.verify(context),
            "by": trigger["by"],
            "why": f"published by {trigger['dag_id']} {trigger['run_id']}",
        }

    def sweep(self, context: Any) -> dict:
        return {"store": common.store(), "family": self.family}


def announce_live(result: dict) -> dict:
    return {"generation": result["generation"], "version": result["version"]}


def rollback_pointer(context: Any) -> dict:
    """The rollback of the live pointer."""
    params, trigger = context["params"], common.triggered_by(context)
    return {
        "store": common.store(),
        "family": params["family"],
        "to": params.get("generation"),
        "by": trigger["by"],
        "why": params["why"],
        "ticket": trigger["run_id"],
    }


def restore_alias(context: Any) -> dict:
    """The rollback of the registry, to the version that the pointer now serves."""
    params, trigger = context["params"], common.triggered_by(context)
    return {
        "store": common.store(),
        "family": params["family"],
        "version": common.result(context, "pointer")["version"],
        "by": trigger["by"],
        "why": params["why"],
        "origin": trigger,
    }


def announce_restored(result: dict) -> dict:
    return {"restored": result["family"], "version": result["version"], "day": result["day"]}
