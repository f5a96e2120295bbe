"""The times of a file's rows, read with the standard library."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import gzip
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

KINDS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


class Untold(Exception):
    """The times cannot be told here; the text says why."""


@dataclasses.dataclass(frozen=True)
class Times:
    """Where the time of a row stands.

    Attributes:
        path: a file, a folder or a glob; with `{day}` in it the days are the names.
        field: the name of the field; None where there are no times.
        columns: the names of the fields, where the files have no header line.
        kind: `csv` or `jsonl`; None: told by the name.
        clock: `seconds`, `milliseconds` or `iso8601`.
    """

    path: str
    field: str | None = "timestamp"
    delimiter: str | None = None
    columns: tuple[str, ...] = ()
    kind: str | None = None
    clock: str = "seconds"
    encoding: str = "utf-8"


def extremes(path: Path, times: Times) -> tuple[float, ...]:
    """The first and the last moment of a file (seconds since 1970) that can be true; nothing where no row has one.

    Raises:
        Untold: the file cannot be read without further libraries, or is damaged.
    """
    low, high, now = float("inf"), float("-inf"), time.time()
    try:
        for text in _texts(path, times):
            moment = _moment(text, times.clock)
            if moment is not None and 0 <= moment < now:
                low, high = min(low, moment), max(high, moment)
    except (OSError, EOFError, LookupError, csv.Error) as error:
        raise Untold(f"{path} cannot be read ({error})") from None
    return (low, high) if low <= high else ()


def _texts(path: Path, times: Times) -> Iterator[object]:
    """The field of every row, as it stands."""
    packed = path.suffix == ".gz"
    kind = times.kind or KINDS.get(path.with_suffix("").suffix if packed else path.suffix)
    if kind not in ("csv", "jsonl") or path.suffix in (".zst", ".zip"):
        raise Untold(f"{path.name} is neither csv nor jsonl, plain or in .gz")
    with (gzip.open if packed else open)(path, "rt", encoding=times.encoding, errors="replace", newline="") as file:
        yield from (_of_objects if kind == "jsonl" else _of_lines)(file, times)


def _of_objects(lines: Iterable[str], times: Times) -> Iterator[object]:
    for line in lines:
        try:
            yield json.loads(line).get(times.field)
        except (ValueError, AttributeError):
            continue


def _of_lines(lines: Iterable[str], times: Times) -> Iterator[object]:
    delimiter = times.delimiter or ("\t" if ".tsv" in times.path else ",")
    rows = (line.rstrip("\r\n").split(delimiter) for line in lines)
    if len(delimiter) == 1 and delimiter != "\t":
        rows = csv.reader(lines, delimiter=delimiter)
    names = [name.lstrip("\ufeff").strip() for name in times.columns or next(rows, ())]
    if times.field not in names:
        raise Untold(f"{times.path} has no field {times.field!r} but {', '.join(names[:12])}")
    at = names.index(times.field)
    return (row[at] for row in rows if len(row) > at)


def _moment(text: object, clock: str) -> float | None:
    try:
        if clock == "iso8601":
            moment = datetime.datetime.fromisoformat(str(text))
            return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()
        return float(str(text)) / (1000 if clock == "milliseconds" else 1)
    except (ValueError, OverflowError):
        return None
