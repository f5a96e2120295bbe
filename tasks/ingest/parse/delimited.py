"""A look at delimited text: its delimiter, its quotes, its header, and records that span lines."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse import inspection, multiline
from tasks.ingest.parse.dialect import Dialect, find_quoting
from tasks.ingest.parse.format_guess import FormatGuess
from tasks.ingest.parse.header import Header, find_dialect, read_header
from tasks.ingest.parse.inspection import InspectedFile, Row
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.sample import Sample, decode, find_encoding, read_sample
from tasks.ingest.sources import IDS, SINGLE, Table

PREAMBLE = re.compile(rb'"?sep=(.)"?', re.I)
MAX_PREAMBLE_LINES = 50  # lines before a header


@dataclasses.dataclass(frozen=True)
class Text:
    """How a delimited text is cut into fields.

    Attributes:
        file: the file, or its copy with a record a line (`joined`).
        table: with the delimiter that the file itself names.
        leading: the lines before the header.
        quoting: as in `Table`; `none` for a file without a quote.
    """

    file: LocalFile
    table: Table
    dialect: Dialect
    header: Header
    leading: list[bytes]
    lines: Sample
    quoting: str
    encoding: str
    joined: bool
    notes: tuple[str, ...]

    @property
    def cut_short(self) -> bool:
        """Whether the file lacks the end of its last line, where the layout always has one."""
        return self.table.ends_with_newline and not self.lines.ended

    @property
    def preamble(self) -> tuple[str, ...]:
        """The texts of the lines before the header, each once."""
        lines = (decode(line, self.encoding) for line in self.leading if line.strip())
        return tuple(dict.fromkeys(lines))


def inspect(file: LocalFile, table: Table, copy: Path) -> InspectedFile:
    """Find out how a delimited text is written.

    Raises:
        RefusedData: it lacks a column, has far too many or does not look like its layout at all.
    """
    text = _inspect_text(file, table, copy)
    file, table, dialect, header = text.file, text.table, text.dialect, text.header
    rows = _sampled_rows(text)
    clock, sure, clock_notes = inspection.find_clock(file.name, table, rows)
    numbers = inspection.find_numeric_ids(table, rows)
    layout = FileLayout(
        table,
        header.positions,
        header.width,
        dialect.delimiter,
        text.quoting,
        text.encoding,
        clock,
        text.lines.head[0] if header.names else None,
        unit_shown=sure,
        numbers=numbers,
        joined=text.joined,
        preamble=text.preamble,
        printable=file.printable,
        escapes=file.escapes or (file.tabs and dialect.delimiter != "\t"),
    )
    guess = FormatGuess(
        file.name,
        "csv",
        dialect.delimiter,
        text.quoting,
        text.encoding,
        header.names[:50],
        clock if "timestamp" in table.columns else None,
        _field_names(table, header),
        (*text.notes, *clock_notes),
        inspection.preview_rows(table, rows, numbers, clock),
    )
    return InspectedFile(file, layout, guess, text.cut_short)


def _inspect_text(file: LocalFile, table: Table, copy: Path) -> Text:
    """Find out how the file is cut into fields; copy it if its records span lines."""
    encoding, notes = find_encoding(file, table.encoding)
    leading = _leading(table, read_sample(file.path).head)
    lines = _sample_after(leading, file)
    if named := next(filter(None, map(PREAMBLE.fullmatch, leading)), None):
        table = dataclasses.replace(table, delimiter=table.delimiter or named[1].decode("latin-1"))
    dialect, header = find_dialect(file, table, lines, encoding)
    quoting, found = (
        (table.quoting, ()) if table.quoting else find_quoting(file, dialect, header.width)
    )
    notes += found
    if quoting != dialect.quoting:
        dialect = Dialect(dialect.delimiter, quoting)
        header = read_header(file, table, dialect, lines, encoding)
    quoting = quoting if file.quotes else "none"
    joined = _join_lines(file, table, dialect, header, copy) if quoting != "none" else None
    if joined:
        notes += _notes(joined)
        file = dataclasses.replace(file, path=joined.path)
        lines = _sample_after(leading, file)
    if header.row_names:
        notes += ("each row begins with a name that the header does not count, as R writes them",)
    return Text(
        file, table, dialect, header, leading, lines, quoting, encoding, bool(joined), notes
    )


def _sampled_rows(text: Text) -> list[Row]:
    """Rows of the sample, by our names, none of whose ids are all in single quotes."""
    rows = list(_rows(text.lines, text.table, text.dialect, text.header, text.encoding))
    _refuse_single_quotes(text.file.name, text.table, rows)
    return rows


def _sample_after(leading: list[bytes], file: LocalFile) -> Sample:
    """A sample of the file without the lines before its header."""
    lines = read_sample(file.path)
    return dataclasses.replace(lines, head=lines.head[len(leading) :])


def _field_names(table: Table, header: Header) -> dict[str, str]:
    """Our names → what the file calls the fields, or their numbers."""
    return {
        ours: header.names[position - header.row_names] if header.names else f"field {position + 1}"
        for ours, position in zip(table.columns, header.positions, strict=True)
        if not ours.startswith("unused ")
    }


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


def _join_lines(
    file: LocalFile, table: Table, dialect: Dialect, header: Header, copy: Path
) -> multiline.JoinedFile | None:
    if not file.odd_quotes and not (dialect.quoting == "backslash" and file.escapes):
        return None
    single = tuple(
        position
        for ours, position in zip(table.columns, header.positions, strict=True)
        if ours in SINGLE
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


def _refuse_single_quotes(file: str, table: Table, rows: list[Row]) -> None:
    """Refuse a column of ids that are all in single quotes: those are the writer's."""
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
                ours: multiline.with_line_ends(decode(cells[position], encoding))
                for ours, position in zip(table.columns, header.positions, strict=True)
            }
