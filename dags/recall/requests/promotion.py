"""What evaluation, gate and promotion are asked for; the same in every family."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from recall.operators import approval
from recall.requests import common, seeds


def evaluate(context: Any) -> dict:
    fit = common.result(context, "fit")
    return {
        "store": common.store(),
        "candidate": fit["uri"],
        "seeds": seeds.trained(context),
        "snapshot": fit["snapshot"],
        "run": fit["run"],
    }


def gate(context: Any) -> dict:
    fit = common.result(context, "fit")
    return {
        "store": common.store(),
        "evaluation": common.result(context, "evaluate")["uri"],
        "run": fit["run"],
        "version": fit["version"],
    }


def promote(context: Any) -> dict:
    return {
        "store": common.store(),
        "verdict": common.result(context, "gate")["uri"],
        "answer": approval.answer(context),
        "origin": common.origin(context),
    }


def announce_champion(result: dict) -> dict:
    return {name: result[name] for name in ("candidate", "version", "snapshot", "day")}


def overruled(family: str, action: str):
    """The request of `force` or `refuse`; the task whose action was not chosen is skipped."""

    def build(context: Any) -> dict:
        params, origin = context["params"], common.origin(context)
        if params["action"] != action:
            raise AirflowSkipException(f"the form asks to {params['action']}")
        return {
            "store": common.store(),
            "family": family,
            "version": params.get("version"),
            "by": origin["by"],
            "why": params["why"],
            "origin": origin,
        }

    return build


def announce_forced(result: dict) -> dict:
    return {name: result[name] for name in ("candidate", "version", "day") if result[name]}
