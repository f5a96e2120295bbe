"""Inspection of JSON: objects a line each, in an array or over several lines."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse import inspection, json_paths
from tasks.ingest.parse.format_guess import FormatGuess
from tasks.ingest.parse.inspection import REMEDY, InspectedFile
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.sample import read_sample
from tasks.ingest.sources import SINGLE, Table

MAX_OBJECT_CHARACTERS = 8 << 20
OPTIONAL = ("title", "genres")


@dataclasses.dataclass(frozen=True)
class Objects:
    """A file of objects a line, perhaps a copy; what it was written as; some of its objects, and
    whether those are all.
    """

    file: LocalFile
    form: str
    found: list[dict]
    complete: bool


def inspect(file: LocalFile, table: Table, copy: Path) -> InspectedFile:
    """Find out how JSON is written.

    Raises:
        RefusedData: it holds no objects, or none of them has a field that is wanted.
    """
    sampled = read(file, copy)
    file, found = sampled.file, sampled.found
    if not file.rows:
        return _empty(file, table)
    paths, notes = _paths(file.name, table, found, sampled.complete)
    _refuse_nested(file.name, table, paths, found)
    rows = _rows(table, paths, found)
    clock, sure, clock_notes = inspection.find_clock(file.name, table, rows)
    numbers = inspection.find_numeric_ids(table, rows)
    width = len(table.columns)
    layout = FileLayout(
        table,
        tuple(range(width)),
        width,
        clock=clock,
        paths=paths,
        unit_shown=sure,
        numbers=numbers,
        printable=file.printable,
        escapes=file.escapes or not file.printable,
    )
    guess = FormatGuess(
        file.name,
        sampled.form,
        encoding="utf-8",
        clock=clock if "timestamp" in table.columns else None,
        fields={ours: ".".join(path) for ours, path in zip(table.columns, paths, strict=True)},
        notes=(*notes, *clock_notes),
        rows=inspection.preview_rows(table, rows, numbers, clock),
    )
    return InspectedFile(file, layout, guess)


def _rows(
    table: Table, paths: tuple[json_paths.Keys, ...], objects: list[dict]
) -> list[inspection.Row]:
    return [
        {
            ours: json_paths.text_at(value, path)
            for ours, path in zip(table.columns, paths, strict=True)
        }
        for value in objects
    ]


def read(file: LocalFile, copy: Path) -> Objects:
    """Sample the objects of a file; those that are not a line each are written so.

    Raises:
        RefusedData: it holds no objects.
    """
    lines, form = read_sample(file.path), "JSON lines"
    found = _objects(lines.head)
    if _starts_with(lines.head, b"[") or (not found and _starts_with(lines.head, b"{")):
        count = json_paths.write_object_lines(file, copy, MAX_OBJECT_CHARACTERS)
        log("ingest.objects", file=file.name, objects=count)
        file, form = (
            dataclasses.replace(file, path=copy, rows=count, printable=False, escapes=True),
            "JSON array",
        )
        if not count:
            return Objects(file, form, [], True)
        lines = read_sample(file.path)
        found = _objects(lines.head)
    found += _objects(lines.later)
    if not found:
        raise RefusedData(
            f"{file.name} is not of the expected layout: none of its first lines is a JSON object",
            got=lines.head[0].decode("utf-8", "replace")[:400],
            allowed="one JSON object a line",
            remedy=REMEDY,
        )
    return Objects(file, form, found, lines.complete)


def _objects(lines: list[bytes]) -> list[dict]:
    return [value for line in lines if (value := json_paths.parse(line)) is not None]


def _starts_with(head: list[bytes], mark: bytes) -> bool:
    return b"".join(head).lstrip().startswith(mark)


def _empty(file: LocalFile, table: Table) -> InspectedFile:
    """An array without a value."""
    width = len(table.columns)
    layout = FileLayout(
        table,
        tuple(range(width)),
        width,
        clock=table.clock or "seconds",
        paths=tuple((field,) for field in table.named_fields),
        escapes=True,
    )
    return InspectedFile(file, layout, FormatGuess(file.name, "JSON array", encoding="utf-8"))


def _refuse_nested(
    file: str, table: Table, paths: tuple[json_paths.Keys, ...], found: list[dict]
) -> None:
    """A column of ids, times or numbers whose values are all lists or objects."""
    for ours, path in zip(table.columns, paths, strict=True):
        values = (
            [value for one in found if (value := json_paths.value_at(one, path)) is not None]
            if ours in SINGLE
            else []
        )
        if values and all(isinstance(value, (dict, list)) for value in values):
            inner = next(
                (
                    f", as in {'.'.join((*path, name))}"
                    for value in values
                    if isinstance(value, dict)
                    for name in value
                ),
                None,
            )
            raise RefusedData(
                f"{file}: the field {'.'.join(path)} holds {'objects' if inner else 'lists'}",
                got=json_paths.text_at(values[0], ())[:80],
                allowed="a value a row",
                remedy=f"name a field in it{inner}"
                if inner
                else "write one row for each value, or name another field",
            )


def _paths(
    file: str, table: Table, found: list[dict], complete: bool
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    paths = {
        ours: json_paths.path_of(field, found)
        for ours, field in zip(table.columns, table.named_fields, strict=True)
    }
    missing = {
        ours: field
        for ours, field in zip(table.columns, table.named_fields, strict=True)
        if paths[ours] is None
    }
    required = [field for ours, field in missing.items() if complete or ours not in OPTIONAL]
    if required:
        raise json_paths.refuse_missing(file, required, found, complete)
    notes = tuple(
        f"none of the first {len(found):,} rows has the field {field}" for field in missing.values()
    )
    return tuple(
        path or (field,) for path, field in zip(paths.values(), table.named_fields, strict=True)
    ), notes
