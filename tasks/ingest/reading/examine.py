"""A look at the landed files before anything heavy starts: are they of the layout that was promised?"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet

from tasks.core.errors import RefusedData
from tasks.ingest.landing import Landed
from tasks.ingest.sources import Table

LOOKED_AT = 20
LONGEST_LINE = 1 << 20
ENDS = re.compile(rb"\r\n|\r|\n")
BOM = b"\xef\xbb\xbf"
SHOWN = {"\t": "a tab"}
REMEDY = "get the data set again, or correct what `format` or the TOML file says of its layout"


@dataclass(frozen=True)
class Shape:
    """How the rows of some files are cut: `places[i]` is the field that holds `table.columns[i]`, of `width` fields in all.

    Attributes:
        header: the text of the first line of each of them, where it names the fields.
        numbers: which of the landed files, counted from 0.
        cut_short: which of them lack the end of their last line, where the layout always has one.
        printable: whether all of them are printable ASCII throughout, so that no line needs a look at its bytes.
    """

    table: Table
    places: tuple[int, ...]
    width: int
    header: str | None
    numbers: tuple[int, ...]
    cut_short: tuple[int, ...] = ()
    printable: bool = False


def examine(table: Table, landed: list[Landed]) -> list[Shape]:
    """The landed files in groups of one shape each.

    Raises:
        RefusedData: a file lacks a column, or does not look like its layout at all; all hold their headers and nothing else.
    """
    if table.kind == "parquet":
        _same_types(table, landed)
    look = {"delimited": _delimited, "jsonl": _objects, "parquet": _columns}[table.kind]
    groups: dict[tuple, list[int]] = {}
    cut_short = []
    for number, file in enumerate(landed):
        places, width, header, ends = look(file, table)
        groups.setdefault((places, width, header), []).append(number)
        if not ends and table.ends_with_newline:
            cut_short.append(number)
    if table.kind == "delimited" and table.fields and all(file.rows < 2 for file in landed):
        raise RefusedData(f"{landed[0].name} holds its header and nothing else{', and the others, too' if len(landed) > 1 else ''}",
                          remedy="get the data set again")
    return [Shape(table, *key, tuple(numbers), tuple(n for n in cut_short if n in numbers), all(landed[n].printable for n in numbers))
            for key, numbers in groups.items()]


def _delimited(file: Landed, table: Table) -> tuple:
    lines, ends = _look(file.path, table.encoding)
    if table.fields:
        places, width = _from_header(file, table, lines[0])
        return places, width, lines[0], ends
    width = len(table.columns)
    if not table.quoted and not any(len(line.split(table.delimiter)) == width for line in lines):
        raise _unlike(file, table, lines[0], width)
    return tuple(range(width)), width, None, ends


def _look(path: Path, encoding: str) -> tuple[list[str], bool]:
    """The first lines, and whether the last line of all has its end."""
    with path.open("rb") as file:
        head = b"".join(file.readline(LONGEST_LINE) for _ in range(LOOKED_AT)).removeprefix(BOM)
        file.seek(-1, 2)
        ends = file.read(1) in (b"\n", b"\r")
    known = "latin-1" if encoding == "latin-1" else "utf-8"
    lines = [line.decode(known, "replace") for line in ENDS.split(head)[:LOOKED_AT]]
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines, ends


def _from_header(file: Landed, table: Table, line: str) -> tuple[tuple[int, ...], int]:
    names = [name.strip().strip('"') for name in line.split(table.delimiter)]
    if missing := [name for name in table.fields if name not in names]:
        raise RefusedData(f"{file.name}, line 1: the header lacks {', '.join(missing)}", got=line,
                          allowed=f"a header with {table.delimiter.join(table.fields)!r}, in any order", remedy=REMEDY)
    if twice := [name for name in table.fields if names.count(name) > 1]:
        raise RefusedData(f"{file.name}, line 1: the header names {', '.join(twice)} more than once", got=line,
                          allowed="every column once", remedy=REMEDY)
    return tuple(names.index(name) for name in table.fields), len(names)


def _unlike(file: Landed, table: Table, line: str, width: int) -> RefusedData:
    between = SHOWN.get(table.delimiter, repr(table.delimiter))
    return RefusedData(
        f"{file.name} is not of the expected layout: its first lines do not have {width} fields with {between} between",
        got=line, allowed=f"{', '.join(table.columns[:6])}{', …' if len(table.columns) > 6 else ''}", remedy=REMEDY)


def _objects(file: Landed, table: Table) -> tuple:
    lines, ends = _look(file.path, table.encoding)
    if not any(_names(line) & set(table.fields) for line in lines):
        raise RefusedData(f"{file.name} is not of the expected layout: none of its first lines is a JSON object with {' or '.join(table.fields)}",
                          got=lines[0], allowed="one JSON object a line", remedy=REMEDY)
    return tuple(range(len(table.columns))), len(table.columns), None, ends


def _names(line: str) -> set[str]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return set()
    return set(told) if isinstance(told, dict) else set()


def _columns(file: Landed, table: Table) -> tuple:
    names = pyarrow.parquet.read_schema(file.path).names
    if missing := [name for name in table.fields if name not in names]:
        raise RefusedData(f"{file.name} lacks the columns {', '.join(missing)}", got=", ".join(names), allowed=", ".join(table.fields),
                          remedy=REMEDY)
    return tuple(range(len(table.columns))), len(table.columns), None, True


def _same_types(table: Table, landed: list[Landed]) -> None:
    """Spark reads all files of a delivery under one schema."""
    first = None
    for file in landed:
        schema = pyarrow.parquet.read_schema(file.path)
        types = {name: str(schema.field(name).type) for name in table.fields if name in schema.names}
        first = first or (file.name, types)
        if differ := [name for name in types.keys() & first[1].keys() if types[name] != first[1][name]]:
            raise RefusedData(f"{file.name} and {first[0]} hold {', '.join(differ)} as different types",
                              got=", ".join(types[name] for name in differ), allowed=", ".join(first[1][name] for name in differ),
                              remedy="write all files of a delivery with one schema")
