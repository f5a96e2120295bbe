"""A look at delimited text: its delimiter, its quotes, its header, and records that span lines."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse import inspection, multiline
from tasks.ingest.parse.dialect import Dialect, find_dialects, find_quoting
from tasks.ingest.parse.format_guess import FormatGuess
from tasks.ingest.parse.inspection import REMEDY, InspectedFile, Row
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.sample import Sample, decode, find_encoding, read_sample
from tasks.ingest.parse.value_kinds import unit_of
from tasks.ingest.sources import IDS, SINGLE, Table

MAX_COLUMNS = 20_000
PREAMBLE = re.compile(rb'"?sep=(.)"?', re.I)
MAX_PREAMBLE_LINES = 50  # lines before a header
SHOWN = {"\t": "a tab", " ": "a blank"}


@dataclasses.dataclass(frozen=True)
class Header:
    """The names in a first line.

    Attributes:
        names: as they stand; empty where the first line is a row.
        width: how many fields a row has.
        places: the field of each of the table's columns.
        row_names: whether each row begins with a field that the header does not name, as R writes
            them.
    """

    names: tuple[str, ...]
    width: int
    places: tuple[int, ...]
    row_names: bool = False


def inspect(file: LocalFile, table: Table, copy: Path) -> InspectedFile:
    """Find out how a delimited text is written.

    Raises:
        RefusedData: it lacks a column, has far too many or does not look like its layout at all.
    """
    lines = read_sample(file.path)
    encoding, notes = find_encoding(file, table.encoding)
    leading = _leading(table, lines.head)
    lines = dataclasses.replace(lines, head=lines.head[len(leading) :])
    if named := next(filter(None, map(PREAMBLE.fullmatch, leading)), None):
        table = dataclasses.replace(table, delimiter=table.delimiter or named[1].decode("latin-1"))
    dialect, header = _dialect(file, table, lines, encoding)
    quoting, found = (
        (table.quoting, ()) if table.quoting else find_quoting(file, dialect, header.width)
    )
    notes += found
    if quoting != dialect.quoting:
        dialect = Dialect(dialect.delimiter, quoting)
        header = _header(file, table, dialect, lines, encoding)
    quoting = quoting if file.quotes else "none"
    joined = _joined(file, table, dialect, header, copy) if quoting != "none" else None
    if joined:
        notes += _notes(joined)
        file = dataclasses.replace(file, path=joined.path)
        lines = read_sample(file.path)
        lines = dataclasses.replace(lines, head=lines.head[len(leading) :])
    rows = list(_rows(lines, table, dialect, header, encoding))
    _refuse_single_quotes(file.name, table, rows)
    clock, sure, found = inspection.find_clock(file.name, table, rows)
    numbers = inspection.find_numeric_ids(table, rows)
    notes += (
        ("each row begins with a name that the header does not count, as R writes them",)
        if header.row_names
        else ()
    )
    layout = FileLayout(
        table,
        header.places,
        header.width,
        dialect.delimiter,
        quoting,
        encoding,
        clock,
        lines.head[0] if header.names else None,
        unit_shown=sure,
        numbers=numbers,
        joined=bool(joined),
        preamble=tuple(dict.fromkeys(decode(line, encoding) for line in leading if line.strip())),
        printable=file.printable,
        escapes=file.escapes or (file.tabs and dialect.delimiter != "\t"),
    )
    fields = {
        ours: header.names[place - header.row_names] if header.names else f"field {place + 1}"
        for ours, place in zip(table.columns, header.places, strict=True)
        if not ours.startswith("unused ")
    }
    guess = FormatGuess(
        file.name,
        "csv",
        dialect.delimiter,
        quoting,
        encoding,
        header.names[:50],
        clock if "timestamp" in fields else None,
        fields,
        (*notes, *found),
        inspection.preview_rows(table, rows, numbers, clock),
    )
    return InspectedFile(file, layout, guess, table.ends_with_newline and not lines.ended)


def _notes(joined: multiline.JoinedFile) -> tuple[str, ...]:
    spanning = (
        (f"{count_phrase(joined.spanning, 'record')} inside quotes over several lines",)
        if joined.spanning
        else ()
    )
    return spanning + (
        (f"{count_phrase(joined.open, 'line')} with a quote that no later line closes",)
        if joined.open
        else ()
    )


def count_phrase(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _joined(
    file: LocalFile, table: Table, dialect: Dialect, header: Header, copy: Path
) -> multiline.JoinedFile | None:
    if not file.odd_quotes and not (dialect.quoting == "backslash" and file.escapes):
        return None
    single = tuple(
        place for ours, place in zip(table.columns, header.places, strict=True) if ours in SINGLE
    )
    names = tuple(table.fields or table.names)
    return multiline.join_records(file, dialect, header.width, single, copy, names)


def _leading(table: Table, head: list[bytes]) -> list[bytes]:
    """The lines before a header: blank ones, comments, Excel's `sep=;`."""
    if table.known or len(head) < 2:
        return []
    for number, line in enumerate(head[:MAX_PREAMBLE_LINES]):
        is_leading = PREAMBLE.fullmatch(line) or (
            table.fields and (not line.strip() or _is_comment(table.fields, line))
        )
        if not is_leading:
            return head[:number]
    return []


def _is_comment(fields: tuple[str, ...], line: bytes) -> bool:
    """Whether a line says something and names no column; a header may begin with `#`, too."""
    return line.lstrip().startswith(b"#") and not all(field.encode() in line for field in fields)


def _dialect(file: LocalFile, table: Table, lines: Sample, encoding: str) -> tuple[Dialect, Header]:
    """The first of the possible dialects whose header, or whose rows, have the fields that are
    wanted.
    """
    refusals = []
    for dialect in find_dialects(file, table):
        try:
            return dialect, _header(file, table, dialect, lines, encoding)
        except RefusedData as error:
            refusals.append(error)
    raise refusals[0]


def _header(
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
    if missing := [name for name in table.fields if name not in names]:
        raise RefusedData(
            f"{file.name}, line 1: the header lacks {', '.join(missing)}",
            got=decode(record, encoding)[:1000],
            allowed=f"a header with {dialect.delimiter.join(table.fields)!r}, in any order",
            remedy=REMEDY
            if table.known
            else _remedy(table.fields, names, decode(record, encoding)),
        )
    if twice := [name for name in table.fields if names.count(name) > 1]:
        raise RefusedData(
            f"{file.name}, line 1: the header names {', '.join(twice)} more than once",
            got=decode(record, encoding)[:1000],
            allowed="every column once",
            remedy=REMEDY,
        )
    width, row_names = _width(table, dialect, lines, names)
    return Header(
        tuple(names),
        width,
        tuple(names.index(name) + row_names for name in table.fields),
        row_names,
    )


def _remedy(fields: tuple[str, ...], names: list[str], header: str) -> str:
    """What to do about a header that lacks a name."""
    there = {name.lower(): name for name in names}
    if all(field.lower() in there for field in fields):
        return (
            f"write "
            f"{', '.join(repr(there[field.lower()]) for field in fields if field not in names)} "
            f"in the TOML file: names are compared letter by letter"
        )
    if any(f"'{field}'" in names for field in fields):
        return 'export it with double quotes (") or none: fields in single quotes are not read'
    if all(field in header for field in fields):
        return 'name what stands between the fields: delimiter = "…" in the TOML file'
    return (
        "correct the names in the TOML file; where the file has no header line, name its "
        'fields: columns = ["…"]'
    )


def _width(table: Table, dialect: Dialect, lines: Sample, names: list[str]) -> tuple[int, bool]:
    """How many fields a row has, and whether one that the header does not name stands before the
    others.

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


def _refuse_single_quotes(file: str, table: Table, rows: list[Row]) -> None:
    """A column of ids in which every value is in single quotes: those are the writer's, not the
    ids'.
    """
    for name in () if table.known or table.quoting == "none" else IDS:
        texts = [text for row in rows if (text := row.get(name, "").strip())]
        if texts and all(len(text) > 2 and text[0] == text[-1] == "'" for text in texts):
            raise RefusedData(
                f"{file}: every {name} is in single quotes",
                got=texts[0][:80],
                allowed='double quotes (") or none',
                remedy='export it with double quotes; write quoting = "none" in the TOML file '
                "if they belong to the ids",
            )


def _unlike(file: LocalFile, table: Table, dialect: Dialect, line: str, width: int) -> RefusedData:
    between = SHOWN.get(dialect.delimiter, repr(dialect.delimiter))
    return RefusedData(
        f"{file.name} is not of the expected layout: its first lines do not have {width} "
        f"fields with {between} between",
        got=line,
        allowed=f"{', '.join(table.columns[:6])}{', …' if len(table.columns) > 6 else ''}",
        remedy=REMEDY,
    )


def _rows(
    lines: Sample, table: Table, dialect: Dialect, header: Header, encoding: str
) -> Iterator[Row]:
    """The sampled rows that have the right width, by our names."""
    skip = (
        dialect.first_record(lines.head).count(b"\n") + 1 if header.names else 0
    )  # 1 in a copy, whose records are lines
    for line in (*lines.head[skip:], *lines.later):
        cells = dialect.fields(line)
        if cells is not None and len(cells) == header.width and any(cells):
            yield {
                ours: multiline.with_line_ends(decode(cells[place], encoding))
                for ours, place in zip(table.columns, header.places, strict=True)
            }
