"""A look at delimited text: its delimiter, its quotes, its header, and records that span lines."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from tasks.core.errors import RefusedData
from tasks.ingest.landing import Landed
from tasks.ingest.reading import looked, records
from tasks.ingest.reading.dialect import Dialect, find_dialects, find_quoting
from tasks.ingest.reading.looked import REMEDY, Looked, Row
from tasks.ingest.reading.sample import Sample, decoded, encoding_of, sample
from tasks.ingest.reading.shape import Shape
from tasks.ingest.reading.understanding import Understanding
from tasks.ingest.sources import Table

SINGLE_LINE = ("user", "item", "id", "timestamp", "rating", "event", "order")
MOST_COLUMNS = 20_000
PREAMBLE = re.compile(rb'"?sep=(.)"?', re.I)
SHOWN = {"\t": "a tab", " ": "a blank"}


@dataclasses.dataclass(frozen=True)
class Header:
    """The names in a first line.

    Attributes:
        names: as they stand; empty where the first line is a row.
        width: how many fields a row has.
        places: the field of each of the table's columns.
    """

    names: tuple[str, ...]
    width: int
    places: tuple[int, ...]


def look(file: Landed, table: Table, copy: Path) -> Looked:
    """Find out how a delimited text is written.

    Raises:
        RefusedData: it lacks a column, has far too many or does not look like its layout at all.
    """
    lines = sample(file.path)
    encoding, notes = encoding_of(file, table.encoding)
    preamble = PREAMBLE.fullmatch(lines.head[0]) if not table.known and len(lines.head) > 1 else None
    if preamble:
        lines = dataclasses.replace(lines, head=lines.head[1:])
        table = dataclasses.replace(table, delimiter=table.delimiter or preamble[1].decode("latin-1"))
    dialect, header = _dialect(file, table, lines, encoding)
    quoting, found = (table.quoting, ()) if table.quoting else find_quoting(file, dialect, header.width)
    notes += found
    if quoting != dialect.quoting:
        dialect = Dialect(dialect.delimiter, quoting)
        header = _header(file, table, dialect, lines, encoding)
    quoting = quoting if file.quotes else "none"
    joined = _joined(file, table, dialect, header, copy) if quoting != "none" else None
    if joined:
        notes += _told(joined)
        file = dataclasses.replace(file, path=joined.path)
        lines = sample(file.path)
        lines = dataclasses.replace(lines, head=lines.head[bool(preamble):])
    rows = list(_rows(lines, table, dialect, header, encoding))
    clock, sure, found = looked.clock_of(file.name, table, rows)
    numbers = looked.numbers_of(table, rows)
    first = _line(file.path, bool(preamble)) if header.names else b""
    shape = Shape(table, header.places, header.width, dialect.delimiter, quoting, encoding, clock, decoded(first, encoding) if header.names else None,
                  unit_shown=sure, numbers=numbers, joined=bool(joined), preamble=decoded(preamble[0], encoding) if preamble else None,
                  printable=file.printable,
                  escapes=file.escapes or (file.tabs and dialect.delimiter != "\t"))
    fields = {ours: header.names[place] if header.names else f"field {place + 1}" for ours, place in zip(table.columns, header.places, strict=True)
              if not ours.startswith("unused ")}
    understanding = Understanding(file.name, "csv", dialect.delimiter, quoting, encoding, header.names[:50], clock if "timestamp" in fields else None,
                                  fields, (*notes, *found), looked.shown(table, rows, numbers, clock))
    return Looked(file, shape, understanding, table.ends_with_newline and not lines.ended)


def _told(joined: records.Joined) -> tuple[str, ...]:
    spanning = (f"{counted(joined.spanning, 'record')} inside quotes over several lines",) if joined.spanning else ()
    return spanning + ((f"{counted(joined.open, 'line')} with a quote that no later line closes",) if joined.open else ())


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _joined(file: Landed, table: Table, dialect: Dialect, header: Header, copy: Path) -> records.Joined | None:
    if not file.odd_quotes and not (dialect.quoting == "backslash" and file.escapes):
        return None
    single = tuple(place for ours, place in zip(table.columns, header.places, strict=True) if ours in SINGLE_LINE)
    return records.join(file, dialect, header.width, single, copy)


def _line(path: Path, second: bool) -> bytes:
    """The first line of a file, or the second, without its end."""
    with path.open("rb") as file:
        start = file.read(1 << 20).removeprefix(b"\xef\xbb\xbf")
    return re.split(rb"\r\n|\r|\n", start, maxsplit=2)[second]


def _dialect(file: Landed, table: Table, lines: Sample, encoding: str) -> tuple[Dialect, Header]:
    """The first of the possible dialects whose header, or whose rows, have the fields that are wanted."""
    refusal = None
    for dialect in find_dialects(file, table):
        try:
            return dialect, _header(file, table, dialect, lines, encoding)
        except RefusedData as error:
            refusal = refusal or error
    raise refusal


def _header(file: Landed, table: Table, dialect: Dialect, lines: Sample, encoding: str) -> Header:
    record = dialect.first_record(lines.head)
    if record.count(dialect.delimiter.encode()) > MOST_COLUMNS:
        raise RefusedData(f"{file.name}, line 1: far too many fields", got=f"{record.count(dialect.delimiter.encode()) + 1:,}", allowed=f"{MOST_COLUMNS:,}",
                          remedy="export only the columns that are wanted; look whether its lines end at all")
    cells = dialect.fields(record)
    cells = record.split(dialect.delimiter.encode()) if cells is None else cells
    names = [decoded(cell, encoding).strip().strip('"').strip() for cell in cells]
    if not table.fields:
        return _of_columns(file, table, dialect, lines, names)
    if missing := [name for name in table.fields if name not in names]:
        raise RefusedData(f"{file.name}, line 1: the header lacks {', '.join(missing)}", got=decoded(record, encoding)[:1000],
                          allowed=f"a header with {dialect.delimiter.join(table.fields)!r}, in any order", remedy=REMEDY if table.known else
                          "correct the names in the TOML file; where the file has no header line, name its fields: columns = [\"…\"]")
    if twice := [name for name in table.fields if names.count(name) > 1]:
        raise RefusedData(f"{file.name}, line 1: the header names {', '.join(twice)} more than once", got=decoded(record, encoding)[:1000],
                          allowed="every column once", remedy=REMEDY)
    more = _row_names(table, dialect, lines, len(names))
    return Header(tuple(names), len(names) + more, tuple(names.index(name) + more for name in table.fields))


def _row_names(table: Table, dialect: Dialect, lines: Sample, width: int) -> int:
    """1 where every row has a name before its first field that the header does not count, as R writes them; else 0."""
    if table.known:
        return 0
    widths = {len(cells) for line in lines.head[1:21] if line.strip() and (cells := dialect.fields(line)) is not None}
    return int(widths == {width + 1})


def _of_columns(file: Landed, table: Table, dialect: Dialect, lines: Sample, first: list[str]) -> Header:
    """Of a file whose fields the description names: its first line may name them, too."""
    width = len(table.columns)
    if not any(len(dialect.fields(line) or ()) == width for line in lines.head[:20]):
        raise _unlike(file, table, dialect, decoded(lines.head[0], "utf-8"), width)
    named = [n for n, ours in enumerate(table.columns) if not ours.startswith("unused ")]
    again = bool(table.names) and len(first) == width and all(first[n].lower() == table.names[n].lower() for n in named)
    return Header(tuple(first) if again else (), width, tuple(range(width)))


def _unlike(file: Landed, table: Table, dialect: Dialect, line: str, width: int) -> RefusedData:
    between = SHOWN.get(dialect.delimiter, repr(dialect.delimiter))
    return RefusedData(
        f"{file.name} is not of the expected layout: its first lines do not have {width} fields with {between} between",
        got=line, allowed=f"{', '.join(table.columns[:6])}{', …' if len(table.columns) > 6 else ''}", remedy=REMEDY)


def _rows(lines: Sample, table: Table, dialect: Dialect, header: Header, encoding: str) -> Iterator[Row]:
    """The sampled rows that have the right width, by our names."""
    skip = dialect.first_record(lines.head).count(b"\n") + 1 if header.names else 0  # 1 in a copy, whose records are lines
    for line in (*lines.head[skip:], *lines.later):
        cells = dialect.fields(line)
        if cells is not None and len(cells) == header.width and any(cells):
            yield {ours: records.with_line_ends(decoded(cells[place], encoding)) for ours, place in zip(table.columns, header.places, strict=True)}
