"""The header of a delimited text: which field holds which column, and which dialect fits it."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.errors import RefusedData
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse.dialect import Dialect, find_dialects
from tasks.ingest.parse.inspection import REMEDY
from tasks.ingest.parse.sample import Sample, decode
from tasks.ingest.parse.value_kinds import unit_of
from tasks.ingest.sources import Table

MAX_COLUMNS = 20_000
SHOWN = {"\t": "a tab", " ": "a blank"}


@dataclasses.dataclass(frozen=True)
class Header:
    """The names in a first line.

    Attributes:
        names: as they stand; empty where the first line is a row.
        width: how many fields a row has.
        positions: the field of each of the table's columns.
        row_names: whether each row begins with a field that the header does not name, as R writes
            them.
    """

    names: tuple[str, ...]
    width: int
    positions: tuple[int, ...]
    row_names: bool = False


def find_dialect(
    file: LocalFile, table: Table, lines: Sample, encoding: str
) -> tuple[Dialect, Header]:
    """The first possible dialect whose header, or whose rows, have the wanted fields."""
    refusals = []
    for dialect in find_dialects(file, table):
        try:
            return dialect, read_header(file, table, dialect, lines, encoding)
        except RefusedData as error:
            refusals.append(error)
    raise refusals[0]


def read_header(
    file: LocalFile, table: Table, dialect: Dialect, lines: Sample, encoding: str
) -> Header:
    record = dialect.first_record(lines.head)
    if record.count(dialect.delimiter.encode()) > MAX_COLUMNS:
        raise RefusedData(
            f"{file.name}, line 1: far too many fields",
            got=f"{record.count(dialect.delimiter.encode()) + 1:,}",
            allowed=f"{MAX_COLUMNS:,}",
            remedy="export only the columns that are wanted; look whether its lines end at all",
        )
    cells = dialect.fields(record)
    cells = record.split(dialect.delimiter.encode()) if cells is None else cells
    names = [decode(cell, encoding).strip().strip('"').strip() for cell in cells]
    if not table.fields:
        return _of_columns(file, table, dialect, lines, names)
    if names[0].startswith("#") and names[0] not in table.fields:
        names[0] = names[0].lstrip("# ")
    _refuse_names(file, table, dialect, names, decode(record, encoding))
    width, row_names = _width(table, dialect, lines, names)
    return Header(
        tuple(names),
        width,
        tuple(names.index(name) + row_names for name in table.fields),
        row_names,
    )


def _refuse_names(
    file: LocalFile, table: Table, dialect: Dialect, names: list[str], record: str
) -> None:
    """A header that lacks a column, or names one twice."""
    fields = table.named_fields
    if missing := [name for name in fields if name not in names]:
        raise RefusedData(
            f"{file.name}, line 1: the header lacks {', '.join(missing)}",
            got=record[:1000],
            allowed=f"a header with {dialect.delimiter.join(fields)!r}, in any order",
            remedy=REMEDY if table.known else _remedy(fields, names, record),
        )
    if twice := [name for name in fields if names.count(name) > 1]:
        raise RefusedData(
            f"{file.name}, line 1: the header names {', '.join(twice)} more than once",
            got=record[:1000],
            allowed="every column once",
            remedy=REMEDY,
        )


def _remedy(fields: tuple[str, ...], names: list[str], header: str) -> str:
    """The remedy for a header that lacks a name."""
    there = {name.lower(): name for name in names}
    if all(field.lower() in there for field in fields):
        written = (repr(there[field.lower()]) for field in fields if field not in names)
        return f"write {', '.join(written)} in the TOML file: names are compared letter by letter"
    if any(f"'{field}'" in names for field in fields):
        return 'export it with double quotes (") or none: fields in single quotes are not read'
    if all(field in header for field in fields):
        return 'name what stands between the fields: delimiter = "…" in the TOML file'
    return (
        "correct the names in the TOML file; where the file has no header line, name its "
        'fields: columns = ["…"]'
    )


def _width(table: Table, dialect: Dialect, lines: Sample, names: list[str]) -> tuple[int, bool]:
    """The number of fields of a row, and whether the header does not name the first of them.

    A delimiter may end the header alone, or every row alone; R writes the name of a row first.
    """
    width = len(names)
    rows = [
        cells
        for line in lines.head[1:21]
        if line.strip() and (cells := dialect.fields(line)) is not None
    ]
    widths = {len(cells) for cells in rows}
    if table.known or widths not in ({width + 1}, {width - 1}):
        return width, False
    if widths == {width - 1}:
        return (width - 1 if not names[-1] and names.count("") == 1 else width), False
    if not any(cells[-1].strip() for cells in rows):
        return width + 1, False
    row_names = len({cells[0] for cells in rows}) == len(rows) and _are_times(table, names, rows)
    return (width + 1, True) if row_names else (width, False)


def _are_times(table: Table, names: list[str], rows: list[list[bytes]]) -> bool:
    """Whether the times of rows that begin with a name are times; True where there are none."""
    if "timestamp" not in table.columns:
        return True
    at = names.index(table.named_fields[table.columns.index("timestamp")]) + 1
    return any(unit_of(decode(cells[at], "utf-8").strip()) for cells in rows)


def _of_columns(
    file: LocalFile, table: Table, dialect: Dialect, lines: Sample, first: list[str]
) -> Header:
    """Of a file whose fields the description names: its first line may name them, too."""
    width = len(table.columns)
    if not any(len(dialect.fields(line) or ()) == width for line in lines.head[:20]):
        raise _unlike(file, table, dialect, decode(lines.head[0], "utf-8"), width)
    named = [n for n, ours in enumerate(table.columns) if not ours.startswith("unused ")]
    again = (
        bool(table.names)
        and len(first) == width
        and all(first[n].lower() == table.names[n].lower() for n in named)
    )
    return Header(tuple(first) if again else (), width, tuple(range(width)))


def _unlike(file: LocalFile, table: Table, dialect: Dialect, line: str, width: int) -> RefusedData:
    between = SHOWN.get(dialect.delimiter, repr(dialect.delimiter))
    return RefusedData(
        f"{file.name} is not of the expected layout: its first lines do not have {width} "
        f"fields with {between} between",
        got=line,
        allowed=f"{', '.join(table.columns[:6])}{', …' if len(table.columns) > 6 else ''}",
        remedy=REMEDY,
    )
