"""Dialects of delimited text: the delimiter, and how fields are quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath

from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse.sample import BOM
from tasks.ingest.sources import Table

DELIMITERS = (",", ";", "\t", "|", "::", "\x01", " ")
QUOTED_LINES = 2000  # of a file, looked at to find out how it quotes


@dataclass(frozen=True)
class Dialect:
    """How records of text are cut into fields.

    Attributes:
        quoting: `doubled`, `backslash` or `none`, see `Table`.
    """

    delimiter: str
    quoting: str

    @cached_property
    def _patterns(self) -> tuple[re.Pattern, re.Pattern, re.Pattern, re.Pattern]:
        between = re.escape(self.delimiter.encode())
        blank = b"" if self.delimiter == " " else b" *+"
        inner = rb'(?:[^"\\]|\\.)*+' if self.quoting == "backslash" else rb'(?:[^"]|"")*+'
        plain = rb'(?!%s")(?:(?!%s).)*+' % (blank, between)
        field = rb'(?:%s"%s"%s|%s)' % (blank, inner, blank, plain)
        record = rb"%s(?:%s%s)*+" % (field, between, field)
        opened = rb'(?:%s%s)*+%s"%s' % (field, between, blank, inner)
        return (
            re.compile(field, re.S),
            re.compile(record, re.S),
            re.compile(opened, re.S),
            re.compile(between),
        )

    def fields(self, record: bytes) -> list[bytes] | None:
        """The fields of a record, without their quotes; None if a quote is open or misplaced."""
        if self.quoting == "none":
            return record.split(self.delimiter.encode())
        field, whole, _, between = self._patterns
        if not whole.fullmatch(record):
            return None
        cells = []
        cell = field.match(record)
        while cell:
            cells.append(self._plain(cell[0]))
            after = between.match(record, cell.end())
            cell = field.match(record, after.end()) if after else None
        return cells

    def _plain(self, cell: bytes) -> bytes:
        stripped = cell.strip(b" ")
        if not stripped.startswith(b'"'):
            return cell
        inside = stripped[1:-1]
        return (
            re.sub(rb"\\([\"\\])", rb"\1", inside)
            if self.quoting == "backslash"
            else inside.replace(b'""', b'"')
        )

    def is_open(self, line: bytes) -> bool:
        """Whether a record goes on behind this line: a quote was opened and not closed."""
        return self.quoting != "none" and bool(self._patterns[2].fullmatch(line))

    def may_be_open(self, line: bytes) -> bool:
        """The same, quickly, with some lines too many."""
        if self.quoting == "backslash":
            line = line.replace(b"\\\\", b"").replace(b'\\"', b"")
        return line.count(b'"') % 2 == 1

    def first_record(self, lines: Iterable[bytes]) -> bytes:
        """The first record of some lines, which may span several."""
        record = b""
        for line in islice(lines, 20):
            record = record + b"\n" + line if record else line
            if not self.is_open(record):
                break
        return record


def find_dialects(file: LocalFile, table: Table) -> list[Dialect]:
    """The possible dialects of a file, the likeliest first.

    There is one if the description leaves no choice.
    """
    quoting = table.quoting or "doubled"
    if table.delimiter:
        return [Dialect(table.delimiter, quoting if len(table.delimiter) == 1 else "none")]
    likely = (
        "\t"
        if ".tsv" in PurePosixPath(table.path).suffixes
        or ".tsv" in PurePosixPath(file.name).suffixes
        else ","
    )
    return [
        Dialect(one, quoting if len(one) == 1 else "none")
        for one in (likely, *(one for one in DELIMITERS if one != likely))
    ]


def find_quoting(file: LocalFile, dialect: Dialect, width: int) -> tuple[str, tuple[str, ...]]:
    """Guess how fields are quoted; the second value is a note if that is not certain."""
    if not file.quotes or len(dialect.delimiter) > 1:
        return "none", ()
    doubled, backslash = (
        Dialect(dialect.delimiter, "doubled"),
        Dialect(dialect.delimiter, "backslash"),
    )
    well = ill = fits_doubled = fits_backslash = 0
    for line in _quoted_lines(file):
        if b'\\"' in line:
            fits_doubled += _fits(doubled, line, width)
            fits_backslash += _fits(backslash, line, width)
        if _begins_with_quote(line, dialect.delimiter):
            style = backslash if fits_backslash > fits_doubled else doubled
            well += _fits(style, line, width)
            ill += not style.fields(line) and not style.is_open(line)
    if fits_backslash > fits_doubled:
        return "backslash", ('quotes inside fields are written \\", as Spark writes them',)
    if (dialect.delimiter == "\t" and ill > 0 and well <= 20 * ill) or (not well and ill > 1):
        return "none", (
            "fields begin with quotes that they do not end with: quotes are read as text",
        )
    return "doubled", ()


def _fits(dialect: Dialect, line: bytes, width: int) -> bool:
    cells = dialect.fields(line)
    return cells is not None and len(cells) == width


def _begins_with_quote(line: bytes, delimiter: str) -> bool:
    return (
        line.startswith(b'"') or re.search(re.escape(delimiter.encode()) + b' *"', line) is not None
    )


def _quoted_lines(file: LocalFile) -> Iterator[bytes]:
    """Lines with a quote, without their ends: the first, and the first with an escaped quote."""
    quoted = escaped = 0
    with file.path.open("rb") as lines:
        for line in lines:
            if b'"' not in line:
                continue
            quoted, escaped = quoted + 1, escaped + (b'\\"' in line)
            if quoted <= QUOTED_LINES or (b'\\"' in line and escaped <= QUOTED_LINES):
                yield line.rstrip(b"\r\n").removeprefix(BOM)
            elif not file.escapes or escaped > QUOTED_LINES:
                return
