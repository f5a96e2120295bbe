"""Inspection of the fetched files before Spark starts: how each is written, and whether it has the
layout that was promised.

What a description leaves open is guessed here, file by file. A file that Spark cannot cut into
fields as it is written is copied into a form that it can.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse import delimited, jsonlines, parquet
from tasks.ingest.parse.format_guess import FormatGuess
from tasks.ingest.parse.inspection import InspectedFile
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.sources import Table

__all__ = ["FileLayout", "InspectedFiles", "inspect_files"]

LOOKS: dict[str, Callable[[LocalFile, Table, Path], InspectedFile]] = {
    "delimited": delimited.inspect,
    "jsonl": jsonlines.inspect,
    "parquet": parquet.inspect,
}


@dataclass(frozen=True)
class InspectedFiles:
    """The files of a table, ready to be read.

    Attributes:
        local_files: the files, or their copies.
        layouts: how they are cut into fields: one layout for each group of files.
        guesses: how each file is written, in the order of the files.
    """

    local_files: tuple[LocalFile, ...]
    layouts: tuple[FileLayout, ...]
    guesses: tuple[FormatGuess, ...]


def inspect_files(table: Table, local_files: list[LocalFile], scratch: Path) -> InspectedFiles:
    """Look at every file.

    Args:
        scratch: a folder for copies, which must outlive the reading.

    Raises:
        RefusedData: a file lacks a column, or does not look like its layout at all; all hold their
            headers and nothing else.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    inspected = [
        LOOKS[table.kind](file, table, scratch / f"copy-{number:06d}")
        for number, file in enumerate(local_files)
    ]
    _refuse_without_rows(table, local_files, inspected)
    for one in inspected if not table.known else ():
        log(
            "ingest.understood",
            file=one.file.name,
            how=str(one.guess),
            fields=one.guess.fields,
            notes=list(one.guess.notes),
        )
    return InspectedFiles(
        tuple(one.file for one in inspected),
        tuple(_group_by_layout(inspected)),
        tuple(one.guess for one in inspected),
    )


def _refuse_without_rows(
    table: Table, local_files: list[LocalFile], inspected: list[InspectedFile]
) -> None:
    if table.kind == "delimited" and all(
        one.layout.header is not None and one.file.rows < 2 for one in inspected
    ):
        raise RefusedData(
            f"{local_files[0].name} holds its header and nothing else"
            f"{', and the others, too' if len(local_files) > 1 else ''}",
            remedy="get the data set again",
        )
    if table.kind != "delimited" and not any(one.file.rows for one in inspected):
        raise RefusedData(
            f"{local_files[0].name} holds no rows"
            f"{', nor do the others' if len(local_files) > 1 else ''}",
            remedy="deliver the file again, or take it away if there is nothing to deliver",
        )


def _group_by_layout(inspected: list[InspectedFile]) -> list[FileLayout]:
    groups: dict[FileLayout, list[int]] = {}
    for number, one in enumerate(inspected):
        groups.setdefault(one.layout, []).append(number)
    return [
        dataclasses.replace(
            layout,
            files=tuple(numbers),
            cut_short=tuple(n for n in numbers if inspected[n].cut_short),
        )
        for layout, numbers in groups.items()
    ]
