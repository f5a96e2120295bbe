"""A look at Parquet: its named columns are copied as text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow.parquet as pq

from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse import inspection, parquet_columns
from tasks.ingest.parse.format_guess import FormatGuess
from tasks.ingest.parse.inspection import InspectedFile
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.sample import ROWS
from tasks.ingest.sources import Table

TIMES = (": timestamp", ": date")


def inspect(file: LocalFile, table: Table, copy: Path) -> InspectedFile:
    """Copy what is wanted of a Parquet file, and find out the unit of its times.

    Raises:
        RefusedData: a column is missing or of a type that means nothing here; the file is damaged.
    """
    fields = parquet_columns.copy(file, table.columns, table.named_fields, copy)
    rows = _first_rows(copy, table)
    of_type = any(kind in fields.get("timestamp", "") for kind in TIMES)
    clock, sure, notes = (
        ("iso8601", True, ()) if of_type else inspection.find_clock(file.name, table, rows)
    )
    numbers = inspection.find_numeric_ids(table, rows)
    width = len(table.columns)
    layout = FileLayout(
        table,
        tuple(range(width)),
        width,
        clock=clock,
        unit_shown=sure,
        numbers=numbers,
        escapes=True,
    )
    kind = fields["timestamp"].partition(": ")[2] if of_type else clock
    guess = FormatGuess(
        file.name,
        "Parquet",
        clock=kind if "timestamp" in table.columns else None,
        fields=fields,
        notes=notes,
        rows=inspection.preview_rows(table, rows, numbers, clock),
    )
    return InspectedFile(dataclasses.replace(file, path=copy), layout, guess)


def _first_rows(copy: Path, table: Table) -> list[dict[str, str]]:
    with pq.ParquetFile(copy) as source:
        batch = next(source.iter_batches(ROWS, columns=list(table.columns)), None)
    return (
        []
        if batch is None
        else [{name: value or "" for name, value in row.items()} for row in batch.to_pylist()]
    )
