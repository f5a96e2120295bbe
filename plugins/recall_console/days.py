"""Reads the days of the data: rows read, kept and quarantined, refused batches, and the freshness
of what is live.
"""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Any

from recall_console.documents import day as calendar_day
from recall_console.documents import (
    document,
    folder_names,
    moment,
    newest,
    store_path,
    summaries,
    text,
    whole,
)
from recall_console.settings import NotFound, dataset, is_replayed, target_hours

MAX_DAYS, MAX_WARNINGS = 30, 100


def data() -> dict:
    """The newest days of the data set, the last first, and the newest refusals."""
    name = dataset()
    days = [
        one
        for day in reversed(_days(store_path("snapshots", name))[-MAX_DAYS:])
        if (one := _day(name, day))
    ]
    return {
        "dataset": name,
        "days": days,
        "refused": _list_refusals(name),
        "replayed": is_replayed(),
    }


def newest_day() -> str | None:
    """The newest day that has a snapshot."""
    return next(
        (
            day
            for day in reversed(_days(store_path("snapshots", dataset())))
            if newest(store_path("snapshots", dataset(), day), 1)
        ),
        None,
    )


def _day(name: str, day: str) -> dict | None:
    newest_snapshot = newest(store_path("snapshots", name, day), 1)
    if not newest_snapshot:
        return None
    blank: dict[str, Any] = {
        "day": day,
        "snapshot": newest_snapshot[0][0].name,
        "made": None,
        "accounts": {},
        "users": None,
        "items": None,
        "quarantine": {},
        "warnings": [],
    }
    row = summaries(
        newest_snapshot, lambda folder, manifest: _day_summary(name, day, folder, manifest), blank
    )[0]
    return row | ({"warnings": [row["reason"]]} if "reason" in row else {})


def _day_summary(name: str, day: str, folder: Path, manifest: dict) -> dict:
    facts, counts = manifest["facts"], manifest["counts"]
    accounts = {kind: whole(rows) for kind, rows in facts["accounts"].items()}
    return {
        "day": day,
        "snapshot": folder.name,
        "made": moment(manifest["created"]),
        "accounts": accounts,
        "users": whole(counts["users"]),
        "items": whole(counts["items"]),
        "quarantine": _count_quarantined(name, day, folder.name),
        "warnings": [str(one) for one in facts.get("warnings") or []][:MAX_WARNINGS],
    }


def _days(folder: Path) -> list[str]:
    """The names of the folders below one that are days."""
    return [name for name in folder_names(folder) if _is_day(name)]


def _is_day(name: str) -> bool:
    try:
        calendar_day(name)
    except ValueError:
        return False
    return True


def _count_quarantined(name: str, day: str, id: str) -> dict[str, int]:
    """Reason → rows in quarantine, of all tables."""
    total: dict[str, int] = {}
    try:
        tables = document(store_path("quarantine", name, day, id) / "summary.json")
    except NotFound:
        return total
    for table, reasons in tables.items():
        for reason, rows in reasons.items() if isinstance(reasons, dict) else ():
            label = reason if table == "interactions" else f"{reason} ({table})"
            total[label] = total.get(label, 0) + whole(rows)
    return total


def _list_refusals(name: str) -> list[dict]:
    refusals = []
    for day in reversed(_days(store_path("refused", name))[-MAX_DAYS:]):
        refusals += [
            {**refusal, "day": day}
            for refusal in summaries(
                newest(store_path("refused", name, day), 3), _refusal, {"made": None}
            )
        ]
    return sorted(refusals, key=lambda one: one["made"] or 0.0, reverse=True)[:10]


def _refusal(folder: Path, manifest: dict) -> dict:
    return {
        "id": folder.name,
        "made": moment(manifest["created"]),
        "reason": text(manifest["facts"]["reason"]),
    }


def freshness(live: dict[str, str | None]) -> dict:
    """The age of the data and of the live generations, in hours since the end of their day, and the
    target.

    Args:
        live: family → the day of the generation that is live; None: nothing is.
    """
    day, target = newest_day(), target_hours()
    now = time.time()
    if is_replayed() and day:
        now = min(now, _end(day))  # a data set that has ended is as old as its own newest day
    ages = {
        family: None if one is None else max(0.0, (now - _end(one)) / 3600)
        for family, one in live.items()
    }
    return {
        "data": {"day": day, "hours": None if day is None else max(0.0, (now - _end(day)) / 3600)},
        "target_hours": target,
        "replayed": is_replayed(),
        "live": {
            family: {"day": live[family], "hours": hours, "late": hours is None or hours > target}
            for family, hours in ages.items()
        },
    }


def _end(day: str) -> float:
    return (
        datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC)
        + datetime.timedelta(days=1)
    ).timestamp()
