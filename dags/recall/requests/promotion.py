"""The requests of evaluation, gate, promotion and overruling; the same in every family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from recall.operators import approval
from recall.requests import common, seeds


def evaluate(context: Any) -> dict:
    fit = common.result(context, "fit")
    return {
        "store": common.store(),
        "candidate": fit["uri"],
        "seeds": seeds.trained_candidates(context),
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
        "origin": common.triggered_by(context),
    }


def announce_champion(result: dict) -> dict:
    return {name: result[name] for name in ("candidate", "version", "snapshot", "day")}


def force(family: str) -> Callable[[Any], dict]:
    """The request to make a version of this family the champion; skipped unless the form asks for
    it.
    """

    def build(context: Any) -> dict:
        _skip_unless(context, "force")
        if (chosen := context["params"]["family"]) != family:
            raise AirflowSkipException(f"the form asks to force a version of {chosen}")
        return _decision(context)

    return build


def refuse(context: Any) -> dict:
    """The request to bar a version; skipped unless the form asks for it."""
    _skip_unless(context, "refuse")
    return _decision(context)


def _skip_unless(context: Any, action: str) -> None:
    if (chosen := context["params"]["action"]) != action:
        raise AirflowSkipException(f"the form asks to {chosen}")


def _decision(context: Any) -> dict:
    params, trigger = context["params"], common.triggered_by(context)
    return {
        "store": common.store(),
        "family": params["family"],
        "version": params.get("version"),
        "by": trigger["by"],
        "why": params["why"],
        "origin": trigger,
    }


def announce_forced(result: dict) -> dict:
    return {name: result[name] for name in ("candidate", "version", "day") if result[name]}
