"""The result of inspecting a file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse import value_kinds
from tasks.ingest.parse.format_guess import ROWS, FormatGuess
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.sources import IDS, Table

REMEDY = "get the data set again, or correct what `format` or the TOML file says of its layout"
Row = dict[str, str]


@dataclass(frozen=True)
class InspectedFile:
    """A file, copied where it had to be; its layout without the numbers of files; what was found
    out; whether its last line was cut off.
    """

    file: LocalFile
    layout: FileLayout
    guess: FormatGuess
    cut_short: bool = False


def find_clock(file: str, table: Table, rows: Iterable[Row]) -> tuple[str, bool, tuple[str, ...]]:
    """The unit of the times, whether they show it, and notes; see `value_kinds.find_clock`."""
    if table.known or "timestamp" not in table.columns:
        return table.clock or "seconds", False, ()
    return value_kinds.find_clock(file, [row["timestamp"].strip() for row in rows], table.clock)


def find_numeric_ids(table: Table, rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns of ids that hold numbers and nothing else."""
    if table.known:
        return ()
    return tuple(
        name
        for name in IDS
        if name in table.columns and value_kinds.are_numbers(row[name].strip() for row in rows)
    )


def preview_rows(
    table: Table, rows: Sequence[Row], numbers: tuple[str, ...], clock: str
) -> tuple[Row, ...]:
    """The first rows as they were understood: ids as they are kept, times as dates."""
    wanted = [name for name in table.columns if not name.startswith("unused ")]
    return tuple(
        {name: _shown(name, row[name], name in numbers, clock) for name in wanted}
        for row in rows[:ROWS]
    )


def _shown(name: str, text: str, number: bool, clock: str) -> str:
    if name in IDS:
        return value_kinds.normalize_id(text, number)
    when = value_kinds.parse_time(text.strip(), clock) if name == "timestamp" else None
    return text.strip() if when is None else value_kinds.format_time(when)
