"""The first and last time of a file's rows, read without Spark.

The days of a data set that does not grow follow from it.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse import json_paths, value_kinds
from tasks.ingest.parse.dialect import Dialect
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.sample import HEAD_BYTES

BATCH_ROWS = 100_000
NEAREST_TIMES = (
    1000  # texts of the first and of the last date that are read whole, since a zone may move them
)


def extremes(file: LocalFile, layout: FileLayout) -> tuple[float, float] | None:
    """Seconds since 1970 of the first and last plausible time; None if no row has one."""
    low, high, now = float("inf"), float("-inf"), time.time()
    for texts in _times(file, layout):
        for moment in _moments(pc.utf8_trim_whitespace(texts.cast(pa.string())), layout.clock):
            if 0 <= moment < now:
                low, high = min(low, moment), max(high, moment)
    return (low, high) if low <= high else None


def find_day_span(
    files: Sequence[LocalFile], layouts: Sequence[FileLayout]
) -> tuple[str, str] | None:
    """First and last day (UTC, YYYY-MM-DD) of some files; None if no time is plausible."""
    layout_of = {number: layout for layout in layouts for number in layout.files}
    found = [
        ends for number, file in enumerate(files) if (ends := extremes(file, layout_of[number]))
    ]
    return (
        (_day(min(low for low, _ in found)), _day(max(high for _, high in found)))
        if found
        else None
    )


def _day(second: float) -> str:
    return datetime.datetime.fromtimestamp(second, datetime.UTC).date().isoformat()


def _times(file: LocalFile, layout: FileLayout) -> Iterator[pa.Array]:
    """The texts of the times, batch by batch."""
    at = layout.table.columns.index("timestamp")
    if layout.table.kind == "parquet":
        with pq.ParquetFile(file.path) as source:
            yield from (
                batch.column(0) for batch in source.iter_batches(BATCH_ROWS, columns=["timestamp"])
            )
    elif layout.table.kind == "jsonl":
        yield from _of_objects(file, layout.paths[at])
    elif _is_plain_csv(file, layout):
        yield from _of_csv(file, layout, f"f{layout.positions[at]}")
    else:
        yield from _of_lines(file, layout, layout.positions[at])


def _is_plain_csv(file: LocalFile, layout: FileLayout) -> bool:
    """Whether Arrow reads the file as Spark does: it takes quotes after a blank for text."""
    delimiter = layout.delimiter or ""
    if len(delimiter) != 1 or layout.joined:
        return False
    if layout.quoting != "doubled":
        return layout.quoting == "none"
    with file.path.open("rb") as text:
        return delimiter.encode() + b' "' not in text.read(HEAD_BYTES)


def _of_objects(file: LocalFile, path: tuple[str, ...]) -> Iterator[pa.Array]:
    with file.path.open(
        encoding="utf-8", errors="replace"
    ) as lines:  # as text, since a CR alone ends a line, too
        yield from _batches(
            json_paths.text_at(value, path)
            for line in lines
            if (value := json_paths.parse(line)) is not None
        )


def _batches(texts: Iterator[str]) -> Iterator[pa.Array]:
    while batch := list(islice(texts, BATCH_ROWS)):
        yield pa.array(batch, pa.string())


def _of_csv(file: LocalFile, layout: FileLayout, name: str) -> Iterator[pa.Array]:
    csv = pyarrow.csv
    reading = csv.ReadOptions(
        column_names=[f"f{n}" for n in range(layout.width)],
        encoding="utf-8" if layout.encoding in ("utf-8", "ascii") else "latin-1",
    )
    parsing = csv.ParseOptions(
        delimiter=layout.delimiter,
        quote_char='"' if layout.quoting == "doubled" else False,
        invalid_row_handler=lambda row: "skip",
    )
    types = csv.ConvertOptions(
        include_columns=[name], column_types={name: pa.binary()}, strings_can_be_null=False
    )
    try:
        with csv.open_csv(file.path, reading, parsing, types) as batches:
            for batch in batches:
                yield _text(batch.column(0))
    except pa.ArrowInvalid:  # a byte or a quote that this reader does not bear
        yield from _of_lines(file, layout, int(name[1:]))


def _text(column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array(
            [value.decode("utf-8", "replace") for value in column.to_pylist()], pa.string()
        )


def _of_lines(file: LocalFile, layout: FileLayout, position: int) -> Iterator[pa.Array]:
    assert layout.delimiter is not None  # as in every layout of delimited text
    dialect = Dialect(layout.delimiter, layout.quoting)
    with file.path.open(encoding="latin-1") as lines:  # as text, since a CR alone ends a line, too
        records = (dialect.fields(line.rstrip("\n").encode("latin-1")) for line in lines)
        yield from _batches(
            cells[position].decode("utf-8", "replace")
            for cells in records
            if cells is not None and len(cells) == layout.width
        )


def _moments(texts: pa.Array, clock: str) -> list[float]:
    """The least and the greatest of some times that can be true, and perhaps others between."""
    if clock in value_kinds.UNITS:
        written = texts.filter(
            pc.match_substring_regex(texts, r"^[-+]?[0-9]{1,19}(\.[0-9]*)?([eE]\+?[0-9]{1,2})?$")
        )
        numbers = pc.divide(pc.cast(written, pa.float64()), float(value_kinds.UNITS[clock]))
        numbers = numbers.filter(
            pc.and_(pc.greater_equal(numbers, 0.0), pc.less(numbers, time.time()))
        )
        return [] if not len(numbers) else [pc.min(numbers).as_py(), pc.max(numbers).as_py()]
    pattern = r"^[0-9]{8}" if clock == "digits" else r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    written = texts.filter(pc.match_substring_regex(texts, pattern))
    today = time.strftime(
        "%Y%m%d" if clock == "digits" else "%Y-%m-%d", time.gmtime(time.time() + 86_400)
    )
    written = written.filter(pc.less_equal(written, today + "~"))
    if not len(written):
        return []
    dates = pc.utf8_slice_codeunits(written, 0, 8 if clock == "digits" else 10)
    found = []
    for day in (pc.min(dates), pc.max(dates)):
        of_day = written.filter(pc.equal(dates, day)).sort()
        ends = [
            *of_day.slice(0, NEAREST_TIMES).to_pylist(),
            *of_day.slice(max(0, len(of_day) - NEAREST_TIMES)).to_pylist(),
        ]
        found += [
            moment for text in ends if (moment := value_kinds.parse_time(text, clock)) is not None
        ]
    return found
