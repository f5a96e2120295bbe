"""A preview of a source by the verb `look`: for `make look`, and for the days of a stack."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

from infra.local import ingestion
from tasks.core.cli.printable import printable
from tasks.ingest.formats import FORMATS as FORMATS

BAD_REQUEST, REFUSED_DATA = 2, 3
LIMITS = {
    "unpacked_gb": "RECALL_UNPACKED_GB",
    "expansion": "RECALL_EXPANSION",
    "line_kb": "RECALL_LINE_KB",
}
RECENT = datetime.timedelta(days=7)
HEADINGS = {
    "format": "format",
    "delimiter": "delimiter",
    "quoting": "quotes",
    "encoding": "encoding",
    "clock": "times",
}


class DaysUnknown(Exception):
    """The days cannot be found out here; the text says why."""


def ask(format: str, location: str) -> dict:
    """The answer of ingestion's verb `look`.

    Raises:
        SystemExit: there is nothing that can be looked at; the stage has said why.
    """
    limits = {
        name: float(value)
        for name, variable in LIMITS.items()
        if (value := os.environ.get(variable))
    }
    done = ingestion.ask(
        "look", {"format": format, "location": location, "limits": limits}, stderr=subprocess.PIPE
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["the stage said nothing"]
        raise SystemExit(
            last[0].replace("ingest look: ", "local: ")
            if done.returncode in (BAD_REQUEST, REFUSED_DATA)
            else done.stderr
        )
    return json.loads(done.stdout.splitlines()[-1])


@dataclasses.dataclass(frozen=True)
class Span:
    """The first and the newest day (UTC, YYYY-MM-DD) of some interactions.

    `daily` says whether each day comes as files of its own.
    """

    first: str
    newest: str
    daily: bool

    @property
    def grows(self) -> bool:
        """Whether further days are expected: days come one by one, or the newest is recent."""
        return (
            self.daily
            or datetime.date.fromisoformat(self.newest)
            >= datetime.datetime.now(datetime.UTC).date() - RECENT
        )


def days(format: str, path: Path) -> Span:
    """The days of the interactions in a folder of a known layout, or of `own` data by its TOML
    file.

    Raises:
        DaysUnknown: the rows have no times.
        SystemExit: the files are not there, or cannot be read.
    """
    print(f"local: looking at {path}", file=sys.stderr, flush=True)
    preview = ask(format, path.as_uri() if format != "own" else str(path))
    rows = preview["tables"]["interactions"]
    if "refused" in rows and preview["first_day"] is None:
        raise SystemExit(f"local: {rows['refused']}")
    for text in _notes(preview["tables"]):
        print(f"local: {text}", file=sys.stderr, flush=True)
    if preview["first_day"] is None:
        raise DaysUnknown(
            "its rows have no times"
            if not any(one["clock"] for one in rows["understood"])
            else "no row has a time that can be read"
        )
    return Span(preview["first_day"], preview["last_day"], preview["daily"])


def _notes(tables: dict) -> list[str]:
    """Notes on the files, to be read before a stack is started for them."""
    refusals = [
        f"{name} would be refused: {table['refused']}"
        for name, table in tables.items()
        if "refused" in table
    ]
    return refusals + [
        f"{one['file']}: {note}"
        for table in tables.values()
        for one in table.get("understood", ())
        for note in one["notes"]
    ]


def show() -> str:
    """The output of `make look SOURCE=…`: the findings of each file, and three rows as they were
    understood.
    """
    given = os.environ.get("SOURCE")
    if not given:
        raise SystemExit(
            "look: SOURCE says what to look at: SOURCE=shop.toml, SOURCE=clicks.csv, or "
            "SOURCE=/data/ml-1m FORMAT=movielens-1m"
        )
    location = given if "://" in given else str(Path(given).expanduser().absolute())
    preview = ask(os.environ.get("FORMAT") or "own", location)
    lines = []
    for name, table in preview["tables"].items():
        lines += _table(name, table)
    if preview["first_day"]:
        first, last = preview["first_day"], preview["last_day"]
        lines += [
            "",
            f"The interactions go from {first} to {last} (UTC)."
            if first < last
            else f"The interactions are all of {first} (UTC).",
        ]
    if preview["toml"]:
        lines += [
            "",
            "Nothing describes these files yet. A TOML file to start from; correct it, save it "
            "as shop.toml, then `make look SOURCE=shop.toml`:",
            "",
            preview["toml"].rstrip(),
        ]
    return "\n".join(lines).lstrip("\n")


def _table(name: str, table: dict) -> list[str]:
    lines = ["", f"{name}: {table['path']}"]
    if "refused" in table:
        return [*lines, f"  would be refused: {table['refused']}"]
    more = (
        f", the newest of {table['days']:,} days ({table['looked_at']})" if "days" in table else ""
    )
    lines.append(
        f"  {table['files']:,} {'file' if table['files'] == 1 else 'files'}, "
        f"{table['lines']:,} {_unit(table)}, {table['bytes']:,} bytes{more}"
    )
    for one in table["understood"]:
        lines += _file(one)
    return lines


def _unit(table: dict) -> str:
    return (
        "rows"
        if all(one["format"] in ("Parquet", "JSON array") for one in table["understood"])
        else "lines"
    )


def _file(one: dict) -> list[str]:
    facts = ", ".join(
        f"{heading} {repr(one[key]) if key == 'delimiter' else _shown(one[key])}"
        for key, heading in HEADINGS.items()
        if one[key]
    )
    lines = ["", f"  {one['file']}: {facts}", *(f"    note: {note}" for note in one["notes"])]
    names = list(one["fields"])
    cells = [
        names,
        [_shown(one["fields"][name]) for name in names],
        *([_shown(row.get(name, "")) for name in names] for row in one["rows"]),
    ]
    widths = [max(len(row[at]) for row in cells) for at in range(len(names))]
    marks = ["field", "in the file", *(f"row {nth}" for nth in range(1, len(one["rows"]) + 1))]
    width = max(map(len, marks))
    return lines + [
        f"    {mark:{width}}  "
        + "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for mark, row in zip(marks, cells, strict=True)
    ]


def _shown(text: str, most: int = 60) -> str:
    """A value on one line, without what could steer a terminal."""
    plain = printable(text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
