"""What evaluation, gate and promotion are asked for; the same in every family."""

from __future__ import annotations

from typing import Any

from recall import requests


def evaluate(context: Any) -> dict:
    fit = requests.result(context, "fit")
    return {"store": requests.store(), "candidate": fit["uri"], "snapshot": fit["snapshot"], "run": fit["run"]}


def gate(context: Any) -> dict:
    fit = requests.result(context, "fit")
    return {"store": requests.store(), "evaluation": requests.result(context, "evaluate")["uri"], "run": fit["run"], "version": fit["version"]}


def promote(context: Any) -> dict:
    return {"store": requests.store(), "verdict": requests.result(context, "gate")["uri"], "origin": requests.origin(context)}


def announce_champion(result: dict) -> dict:
    return {name: result[name] for name in ("candidate", "version", "snapshot", "day")}
