"""The data day by day: what was read, kept and set aside, what was refused; and how fresh what is live is."""

from __future__ import annotations

import datetime
import time

from recall_console.documents import document, names, newest, place
from recall_console.settings import Absent, dataset, replayed, target_hours

DAYS = 30


def data() -> dict:
    """The newest days of the data set, the last first, and the newest refusals."""
    name = dataset()
    days = [one for day in reversed(names(place("snapshots", name))[-DAYS:]) if (one := _day(name, day))]
    return {"dataset": name, "days": days, "refused": _refused(name), "replayed": replayed()}


def newest_day() -> str | None:
    """The newest day that has a snapshot."""
    return next((day for day in reversed(names(place("snapshots", dataset()))) if newest(place("snapshots", dataset(), day), 1)), None)


def _day(name: str, day: str) -> dict | None:
    found = newest(place("snapshots", name, day), 1)
    if not found:
        return None
    folder, manifest = found[0]
    facts, counts = manifest["facts"], manifest["counts"]
    return {"day": day, "snapshot": folder.name, "made": manifest["created"], "accounts": facts["accounts"], "users": counts["users"],
            "items": counts["items"], "quarantine": _aside(name, day, folder.name), "warnings": facts.get("warnings") or []}


def _aside(name: str, day: str, id: str) -> dict[str, int]:
    """Reason → rows in quarantine, of all tables."""
    total: dict[str, int] = {}
    try:
        tables = document(place("quarantine", name, day, id) / "summary.json")
    except Absent:
        return total
    for table, reasons in tables.items():
        for reason, rows in reasons.items():
            label = reason if table == "interactions" else f"{reason} ({table})"
            total[label] = total.get(label, 0) + int(rows)
    return total


def _refused(name: str) -> list[dict]:
    found = []
    for day in reversed(names(place("refused", name))[-DAYS:]):
        found += [{"day": day, "id": folder.name, "made": manifest["created"], "reason": manifest["facts"]["reason"]}
                  for folder, manifest in newest(place("refused", name, day), 3)]
    return sorted(found, key=lambda one: one["made"], reverse=True)[:10]


def freshness(live: dict[str, str | None]) -> dict:
    """How old the data and what is live are, in hours since the end of their day, against the target.

    Args:
        live: family → the day of the generation that is live; None: nothing is.
    """
    day, target = newest_day(), target_hours()
    now = time.time()
    if replayed() and day:
        now = min(now, _end(day))  # a data set that has ended is as old as its own newest day
    ages = {family: None if one is None else max(0.0, (now - _end(one)) / 3600) for family, one in live.items()}
    return {"data": {"day": day, "hours": None if day is None else max(0.0, (now - _end(day)) / 3600)}, "target_hours": target, "replayed": replayed(),
            "live": {family: {"day": live[family], "hours": hours, "late": hours is None or hours > target} for family, hours in ages.items()}}


def _end(day: str) -> float:
    return (datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc) + datetime.timedelta(days=1)).timestamp()
