"""A look at the source's files before anything heavy starts: are they there, and of the layout that was promised?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tasks.core.errors import RefusedData
from tasks.ingest.sources import Source, Table

LOOKED_AT = 20
LONGEST_LINE = 65_536
BOM = b"\xef\xbb\xbf"
SHOWN = {"\t": "a tab"}


@dataclass(frozen=True)
class Shape:
    """How the lines of one file are cut: `places[i]` is the field that holds `table.columns[i]`, of `width` fields in all.

    `cut_short` says that the last line lacks its end, where the layout always has one.
    """

    table: Table
    places: tuple[int, ...]
    width: int
    cut_short: bool


def examine(source: Source) -> dict[str, Shape]:
    """The shape of each table: interactions, items and perhaps users.

    Raises:
        RefusedData: a file is missing or empty, lacks a column, or does not look like its layout at all.
    """
    for name in source.files:
        _present(source.folder, name)
    named = {"interactions": source.interactions, "items": source.items, "users": source.users}
    return {name: _shape(source.folder / table.file, table) for name, table in named.items() if table}


def _present(folder: Path, name: str) -> None:
    path = folder / name
    if not path.is_file():
        there = sorted(p.name for p in folder.iterdir())
        raise RefusedData(f"{path} is missing", got=f"a folder with {', '.join(there[:12]) or 'nothing'}",
                          allowed=f"the file {name}", remedy="get the data set again, or name the layout it has in `format`")
    if path.stat().st_size == 0:
        raise RefusedData(f"{path} is empty", got="0 bytes", remedy="get the data set again: the download or copy did not finish")


def _shape(path: Path, table: Table) -> Shape:
    lines, cut_short = _look(path)
    if table.header:
        places, width = _from_header(path, table, lines[0])
        lines = lines[1:]
        if not lines:
            raise RefusedData(f"{path} holds its header and nothing else", remedy="get the data set again")
    else:
        places, width = tuple(range(len(table.columns))), len(table.columns)
    if not table.quoted and not any(len(line.split(table.delimiter)) == width for line in lines):
        raise _unlike(path, table, lines[0], width)
    return Shape(table, places, width, cut_short and table.ends_with_newline)


def _look(path: Path) -> tuple[list[str], bool]:
    """The first lines, and whether the last line of all lacks its end."""
    with path.open("rb") as file:
        head = [file.readline(LONGEST_LINE) for _ in range(LOOKED_AT)]
        file.seek(-1, 2)
        cut_short = file.read(1) not in (b"\n", b"\r")
    head[0] = head[0].removeprefix(BOM)
    return [line.decode("latin-1").rstrip("\r\n") for line in head if line], cut_short


def _from_header(path: Path, table: Table, line: str) -> tuple[tuple[int, ...], int]:
    names = [name.strip().strip('"') for name in line.split(table.delimiter)]
    missing = [name for name in table.header if name not in names]
    if missing:
        raise RefusedData(f"{path}, line 1: the header lacks {', '.join(missing)}", got=line,
                          allowed=f"a header with {table.delimiter.join(table.header)!r}, in any order",
                          remedy="get the data set again, or name the layout it has in `format`")
    return tuple(names.index(name) for name in table.header), len(names)


def _unlike(path: Path, table: Table, line: str, width: int) -> RefusedData:
    between = SHOWN.get(table.delimiter, repr(table.delimiter))
    return RefusedData(f"{path} is not of the expected layout: its first lines do not have {width} fields with {between} between",
                       got=line, allowed=f"{', '.join(table.columns[:6])}{', …' if len(table.columns) > 6 else ''}",
                       remedy="get the data set again, or name the layout it has in `format`")
