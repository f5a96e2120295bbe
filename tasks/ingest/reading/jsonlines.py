"""A look at JSON: objects a line each, in an array or over several lines, and where their fields are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tasks.core.errors import RefusedData
from tasks.core.log import log
from tasks.ingest.landing import Landed
from tasks.ingest.reading import looked, objects
from tasks.ingest.reading.looked import REMEDY, Looked
from tasks.ingest.reading.sample import sample
from tasks.ingest.reading.shape import Shape
from tasks.ingest.reading.understanding import Understanding
from tasks.ingest.sources import Table

LONGEST_OBJECT = 8 << 20
OPTIONAL = ("title", "genres")


def look(file: Landed, table: Table, copy: Path) -> Looked:
    """Find out how JSON is written.

    Raises:
        RefusedData: it holds no objects, or none of them has a field that is wanted.
    """
    lines, form = sample(file.path), "JSON lines"
    found = [value for line in lines.head if (value := objects.parse(line)) is not None]
    if not found and _may_be_values(lines.head):
        count = objects.a_line_each(file, copy, LONGEST_OBJECT)
        log("ingest.objects", file=file.name, objects=count)
        file, form = dataclasses.replace(file, path=copy, rows=count, printable=False, escapes=True), "JSON array"
        lines = sample(file.path) if count else lines
        found = [value for line in lines.head if (value := objects.parse(line)) is not None]
    found += [value for line in lines.later if (value := objects.parse(line)) is not None]
    if not found:
        raise RefusedData(f"{file.name} is not of the expected layout: none of its first lines is a JSON object",
                          got=lines.head[0].decode("utf-8", "replace")[:400], allowed="one JSON object a line", remedy=REMEDY)
    paths, notes = _paths(file.name, table, found, lines.complete)
    rows = [{ours: objects.text_at(value, path) for ours, path in zip(table.columns, paths, strict=True)} for value in found]
    clock, sure, told = looked.clock_of(file.name, table, rows)
    numbers = looked.numbers_of(table, rows)
    width = len(table.columns)
    shape = Shape(table, tuple(range(width)), width, clock=clock, paths=paths, unit_shown=sure, numbers=numbers, printable=file.printable,
                  escapes=file.escapes or not file.printable)
    understanding = Understanding(
        file.name, form, encoding="utf-8", clock=clock if "timestamp" in table.columns else None,
        fields={ours: ".".join(path) for ours, path in zip(table.columns, paths, strict=True)}, notes=(*notes, *told),
        rows=looked.shown(table, rows, numbers, clock))
    return Looked(file, shape, understanding)


def _may_be_values(head: list[bytes]) -> bool:
    start = b"".join(head[:3]).lstrip()
    return start.startswith((b"[", b"{"))


def _paths(file: str, table: Table, found: list[dict], complete: bool) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    paths = {ours: objects.path_of(field, found) for ours, field in zip(table.columns, table.fields, strict=True)}
    missing = {ours: field for ours, field in zip(table.columns, table.fields, strict=True) if paths[ours] is None}
    asked = [field for ours, field in missing.items() if complete or ours not in OPTIONAL]
    if asked:
        raise objects.refuse_missing(file, asked, found, complete)
    notes = tuple(f"none of the first {len(found):,} rows has the field {field}" for field in missing.values())
    return tuple(path or (field,) for path, field in zip(paths.values(), table.fields, strict=True)), notes
