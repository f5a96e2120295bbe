"""The verb `look`: inspect a source before anything is written."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.ingest import fetch, source_guess, sources
from tasks.ingest.parse import time_span
from tasks.ingest.parse.examine import inspect_files
from tasks.ingest.rules import Limits
from tasks.ingest.settings import LookRequest
from tasks.ingest.sources import Source, Table

MAX_FILES = 20


def look(request: LookRequest) -> dict:
    """Look at a source: a TOML file, the folder of a known layout, or undescribed files.

    Returns:
        `tables`: of each, its path, the days that are there (of a path with `{day}`), how many
            files, and for the newest of them what was
        found out, with three rows as they were understood, or why they would be refused;
        `first_day`, `last_day` of the interactions, None where they have no times; `daily`: whether
        they come in files of their own every day; `toml`: a description to start from, where there
        was none.

    Raises:
        BadRequest, RefusedData: there is nothing that could be looked at.
    """
    with tempfile.TemporaryDirectory(prefix="recall-look-", dir=request.scratch) as scratch:
        toml = None
        if request.format == "own" and not request.location.endswith(".toml"):
            toml = source_guess.description(request.location, Path(scratch) / "guess")
            described = Path(scratch) / "described.toml"
            described.write_text(toml, "utf-8")
            source = sources.describe("own", str(described))
        else:
            source = sources.describe(request.format, request.location)
        tables = {
            name: _table(source, name, table, Path(scratch), request.limits)
            for name, table in source.tables.items()
        }
    first, last = tables["interactions"].pop("span", None) or (None, None)
    for one in tables.values():
        one.pop("span", None)
    return {
        "location": request.location,
        "tables": tables,
        "first_day": first,
        "last_day": last,
        "daily": source.interactions.daily,
        "liked": source.liked,
        "toml": toml,
    }


def _table(source: Source, name: str, table: Table, scratch: Path, limits: Limits) -> dict:
    days: dict[str, str] = {}
    try:
        days = _days_there(source, table) if table.daily else {}
        of_days = (
            {"days": len(days), "looked_at": max(days), "span": (min(days), max(days))}
            if days
            else {}
        )
        return (
            {"path": table.path}
            | of_days
            | _look_at_table(source, name, table, days, scratch, limits)
        )
    except RefusedData as refusal:
        return {"path": table.path, "refused": str(refusal)} | (
            {"span": (min(days), max(days))} if days else {}
        )


def _days_there(source: Source, table: Table) -> dict[str, str]:
    if days := fetch.find_days(table.path, source.base):
        return days
    raise RefusedData(
        f"no day is at {table.path}",
        got=fetch.describe_day_folders(table.path, source.base),
        allowed="a day, as 2026-01-15 or 20260115",
        remedy="correct the path, or wait until the files are delivered",
    )


def _look_at_table(
    source: Source, name: str, table: Table, days: dict[str, str], scratch: Path, limits: Limits
) -> dict:
    newest = max(days, default=None)
    found = (
        fetch.find_files_of_day(table.path, source.base, newest, days[newest])
        if newest
        else fetch.find_files(table.path, source.base)
    )
    local_files = fetch.fetch_files(
        found, "parquet" if table.kind == "parquet" else "lines", scratch / name, limits
    )
    seen = inspect_files(table, local_files, scratch / f"{name}-copies")
    facts = {
        "files": len(local_files),
        "lines": sum(file.rows for file in local_files),
        "bytes": sum(file.bytes for file in local_files),
        "understood": [dataclasses.asdict(one) for one in seen.guesses[:MAX_FILES]],
    }
    of_rows = not days and name == "interactions" and "timestamp" in table.columns
    return facts | (
        {"span": time_span.find_day_span(seen.local_files, seen.layouts)} if of_rows else {}
    )
