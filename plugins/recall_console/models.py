"""What the store holds of a family of models: its verdicts, who decided what, how its index answers."""

from __future__ import annotations

import datetime
from pathlib import Path

from recall_console.documents import document, files, newest, place
from recall_console.settings import Absent

VERDICTS, DECISIONS = 8, 20
SHOWN = ("recall_50", "ndcg_10", "hr_10", "recall_50_tail", "coverage_50")  # of the metrics, those that a card draws


def verdicts(family: str) -> list[dict]:
    """The last verdicts, the newest first: outcome, question, reason, day, version, id, made (seconds since 1970)."""
    return [{"id": manifest["id"], "made": manifest["created"], **{name: manifest["facts"].get(name) for name in (
        "outcome", "question", "reason", "day", "version", "champion_version")}}
        for _, manifest in newest(place("verdicts", family), VERDICTS)]


def verdict(family: str, id: str) -> dict:
    """What a page draws of one verdict.

    Raises:
        Absent: there is none.
    """
    folder = place("verdicts", family, id)
    return {**drawn(document(folder / "verdict.json")), "id": id, "family": family, "made": document(folder / "manifest.json")["created"]}


def drawn(verdict: dict) -> dict:
    """The parts of a verdict that are shown: the decision, what was against it, differences with intervals, slices, baselines."""
    policy = verdict["policy"]
    metrics = dict.fromkeys((policy["metric"], *policy["tested"], *SHOWN))
    return {**{name: verdict[name] for name in ("family", "outcome", "question", "reason", "day", "users", "version", "champion_version", "margin",
                                                "difference_to", "slices", "baselines")},
            "metric": policy["metric"], "confidence": policy["confidence"], "policy": verdict.get("policy_file"),
            "difference": {name: verdict["difference"][name] for name in metrics if name in verdict["difference"]},
            "metrics": {model: {name: figures.get(name) for name in metrics} for model, figures in verdict["metrics"].items() if figures},
            "checks": verdict["checks"]}


def decisions(family: str) -> list[dict]:
    """Who moved what, the newest first: when (seconds since 1970), action, from, to, by, why, page.

    Moves of the registry name versions, those of the pointer (go_live, rollback) generations.
    """
    folder, found = place("audit", family), []
    for record in files(folder, DECISIONS):
        if record.get("when"):
            origin = record.get("origin") or {}
            found.append({"at": _moment(record["when"]), "action": record["action"], "of": "version", "from": record["from"], "to": record["to"],
                          "by": _person(record["by"], origin), "why": record["why"], "page": origin.get("url")})
    for _, manifest in newest(folder, DECISIONS):
        event = manifest["facts"]
        found.append({"at": event["at"], "action": event["event"], "of": "generation", "from": event["from"], "to": event["to"], "by": event["by"],
                      "why": event["why"], "page": None})
    return sorted(found, key=lambda one: one["at"], reverse=True)[:DECISIONS]


def last_live(family: str) -> dict | None:
    """What the last switch of the pointer made live, as the store has it: event, generation, since, by, why."""
    events = [one for one in decisions(family) if one["of"] == "generation"]
    return {"event": events[0]["action"], "generation": events[0]["to"], "since": events[0]["at"], "by": events[0]["by"], "why": events[0]["why"]} if events else None


def generation(family: str, id: str) -> dict | None:
    """A generation's day, version, counts and how its index answers against exact search; None where its folder is gone."""
    try:
        found = document(place("generations", family, id) / "manifest.json")
    except Absent:
        return None
    facts = found["facts"]
    return {"id": id, "made": found["created"], "day": facts["day"], "version": facts["version"], "dimension": facts["dimension"],
            "factory": facts["factory"], "probe": facts["probe"], "wanted": (found["lineage"].get("settings") or {}).get("minimum_recall"),
            "counts": {name: found["counts"].get(name) for name in ("items", "users", "cold_items", "left_out_items")}}


def decided_by(family: str, version: str | None) -> dict | None:
    """The last decision that made a version the champion."""
    wanted = [one for one in decisions(family) if one["of"] == "version" and one["to"] == version and one["action"] in ("promote", "force", "restore")]
    return wanted[0] if wanted else None


def report(kind: str, *parts: str) -> Path:
    """The page that lies beside a document of the store.

    Raises:
        Absent: there is none.
    """
    path = place({"verdict": "verdicts", "snapshot": "snapshots", "refused": "refused"}[kind], *parts) / (
        "verdict.html" if kind == "verdict" else "report.html")
    if not path.is_file():
        raise Absent("there is no such page in the store")
    return path


def _person(by: str, origin: dict) -> str:
    """Who decided: a run stands for the gate; who is named by it is a person."""
    return "the gate" if by == origin.get("run_id") else by


def _moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
