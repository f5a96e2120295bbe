"""Reads a family's documents in the store: verdicts, decisions, generations."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from recall_console.documents import (
    MALFORMED,
    day,
    document,
    figure,
    files,
    moment,
    newest,
    store_file,
    store_path,
    summaries,
    text,
    whole,
)
from recall_console.settings import NotFound

MAX_VERDICTS, MAX_DECISIONS = 8, 20
VERDICT_FIELDS = ("outcome", "question", "reason", "day", "version", "champion_version")
PROBE_FIELDS = ("recall", "p50_ms", "bytes")  # of an index, always shown
CARD_METRICS = (
    "recall_50",
    "ndcg_10",
    "hr_10",
    "recall_50_tail",
    "coverage_50",
    "similar_hr_10",
)  # of the metrics, those that a card draws


def verdicts(family: str) -> list[dict]:
    """The last verdicts, the newest first: outcome, question, reason, day, version, id, made
    (seconds since 1970).
    """
    return summaries(
        newest(store_path("verdicts", family), MAX_VERDICTS),
        _verdict_row,
        {
            **dict.fromkeys(("made", *VERDICT_FIELDS)),
            "outcome": "unreadable",
            "day": "an unknown day",
        },
    )


def _verdict_row(folder: Path, manifest: dict) -> dict:
    return {
        "id": folder.name,
        "made": moment(manifest["created"]),
        **{name: text(manifest["facts"].get(name)) for name in VERDICT_FIELDS},
    }


def verdict(family: str, id: str) -> dict:
    """One verdict, as a page draws it.

    Raises:
        NotFound: there is none.
    """
    folder = store_path("verdicts", family, id)
    try:
        return {
            **verdict_summary(document(folder / "verdict.json")),
            "id": id,
            "family": family,
            "made": moment(document(folder / "manifest.json")["created"]),
        }
    except MALFORMED as error:
        raise NotFound(
            f"this verdict cannot be understood ({type(error).__name__}: {str(error)[:100]})"
        ) from None


def newest_verdict(family: str) -> dict | None:
    """The newest verdict in full; None where there is none, or it cannot be understood."""
    try:
        return next((verdict(family, one["id"]) for one in verdicts(family)), None)
    except NotFound:
        return None


def verdict_summary(verdict: dict) -> dict:
    """The parts of a verdict that a page shows: the decision, the checks against it, differences
    with intervals, slices, baselines.
    """
    policy = verdict["policy"]
    metrics = dict.fromkeys((policy["metric"], *policy["tested"], *CARD_METRICS))
    return {
        **{
            name: verdict[name]
            for name in (
                "family",
                "outcome",
                "question",
                "reason",
                "day",
                "users",
                "version",
                "champion_version",
                "margin",
                "difference_to",
                "slices",
                "baselines",
            )
        },
        "metric": policy["metric"],
        "confidence": policy["confidence"],
        "policy": verdict.get("policy_file"),
        "difference": {
            name: _interval(verdict["difference"][name])
            for name in metrics
            if name in verdict["difference"]
        },
        "metrics": {
            model: {name: figures.get(name) for name in metrics}
            for model, figures in verdict["metrics"].items()
            if figures
        },
        "checks": verdict["checks"],
    }


def _interval(difference: dict) -> dict:
    return difference | {part: figure(difference[part]) for part in ("mean", "low", "high", "base")}


def decisions(family: str) -> list[dict]:
    """The decisions, the newest first: at (seconds since 1970), action, from, to, by, why, page.

    Decisions in the registry name versions, those of the pointer (go_live, rollback) generations.
    """
    folder, blank = (
        store_path("audit", family),
        dict.fromkeys(("at", "action", "of", "from", "to", "by", "why", "page")),
    )
    of_versions = summaries(
        [one for one in files(folder, MAX_DECISIONS) if "when" in one[1]], _of_version, blank
    )
    of_generations = summaries(newest(folder, MAX_DECISIONS), _of_generation, blank)
    return sorted(
        (_decision(one) for one in of_versions + of_generations),
        key=lambda one: one["at"] or 0.0,
        reverse=True,
    )[:MAX_DECISIONS]


def _of_version(path: Path, record: dict) -> dict:
    origin = record.get("origin") or {}
    return {
        "at": _moment(record["when"]),
        "of": "version",
        **{name: text(record[name]) for name in ("action", "from", "to", "why")},
        "by": _person(text(record["by"]), origin),
        "page": _page(origin.get("url")),
    }


def _of_generation(folder: Path, manifest: dict) -> dict:
    event = manifest["facts"]
    return {
        "at": moment(event["at"]),
        "action": text(event["event"]),
        "of": "generation",
        **{name: text(event[name]) for name in ("from", "to", "by", "why")},
        "page": None,
    }


def _decision(line: dict) -> dict:
    """A decision without its record's id; the reason of an unreadable one says what is wrong."""
    reason, id = line.pop("reason", None), line.pop("id", None)
    return (
        line
        if reason is None
        else {
            **line,
            "action": "unreadable",
            "of": "record",
            "to": id,
            "by": "nobody knows",
            "why": reason,
        }
    )


def last_live(family: str) -> dict | None:
    """The last switch of the live pointer, from the store: event, generation, since, by, why."""
    events = [one for one in decisions(family) if one["of"] == "generation"]
    return (
        {
            "event": events[0]["action"],
            "generation": events[0]["to"],
            "since": events[0]["at"],
            "by": events[0]["by"],
            "why": events[0]["why"],
        }
        if events
        else None
    )


def generation(family: str, id: str | None) -> dict | None:
    """A generation's day, version, counts and its index compared with exact search; None where its
    folder is gone.
    """
    try:
        manifest = document(store_path("generations", family, id) / "manifest.json")
    except NotFound:
        return None
    try:
        facts = manifest["facts"]
        return {
            "id": id,
            "made": moment(manifest["created"]),
            "day": day(facts["day"]),
            "version": text(facts["version"]),
            "dimension": whole(facts["dimension"]),
            "factory": text(facts["factory"]),
            "probe": {name: figure(facts["probe"][name]) for name in PROBE_FIELDS},
            "wanted": None
            if (wanted := (manifest["lineage"].get("settings") or {}).get("minimum_recall")) is None
            else figure(wanted),
            "counts": {
                name: whole(manifest["counts"].get(name, 0))
                for name in ("items", "users", "cold_items", "left_out_items")
            },
        }
    except MALFORMED:
        return None


def decided_by(family: str, version: str | None) -> dict | None:
    """The last decision that made a version the champion."""
    decisive = [
        one
        for one in decisions(family)
        if one["of"] == "version"
        and one["to"] == version
        and one["action"] in ("promote", "force", "restore")
    ]
    return decisive[0] if decisive else None


def report(kind: str, *parts: str) -> Path:
    """The HTML page of a document of the store.

    Raises:
        NotFound: there is none.
    """
    path = store_path(
        {"verdict": "verdicts", "snapshot": "snapshots", "refused": "refused"}[kind], *parts
    ) / ("verdict.html" if kind == "verdict" else "report.html")
    if not path.is_file():
        raise NotFound("there is no such page in the store")
    return store_file(path)


def _person(by: str | None, origin: dict) -> str | None:
    """The gate where the record names its own run, else the person whom it names."""
    return "the gate" if by == origin.get("run_id") else by


def _page(url: object) -> str | None:
    """A page of Airflow that a record names; None for an address elsewhere, which is not linked."""
    return (
        url
        if isinstance(url, str) and re.fullmatch(r"(https?://|/(?![/\\]))[^\s\x00-\x1f\\]*", url)
        else None
    )


def _moment(written: str) -> float:
    return moment(datetime.datetime.fromisoformat(written.replace("Z", "+00:00")).timestamp())
