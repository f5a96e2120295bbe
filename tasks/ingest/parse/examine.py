"""A look at the landed files before anything heavy starts: how each is written, and whether it is
of the layout that was promised.

What a description leaves open is found out here, file by file; what Spark could not cut as it
stands is copied into a form that it can.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.ingest.fetch import Landed
from tasks.ingest.parse import delimited, jsonlines, parquet
from tasks.ingest.parse.format_guess import Understanding
from tasks.ingest.parse.inspection import Looked
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.sources import Table

__all__ = ["Examined", "FileLayout", "examine"]

LOOKS: dict[str, Callable[[Landed, Table, Path], Looked]] = {
    "delimited": delimited.look,
    "jsonl": jsonlines.look,
    "parquet": parquet.look,
}


@dataclass(frozen=True)
class Examined:
    """The files of a table, ready to be read.

    Attributes:
        landed: the files, those that were copied at the place of their copy.
        shapes: how they are cut, in groups of one shape each.
        understandings: what was found out about each file, in the order of the files.
    """

    landed: tuple[Landed, ...]
    shapes: tuple[FileLayout, ...]
    understandings: tuple[Understanding, ...]


def examine(table: Table, landed: list[Landed], scratch: Path) -> Examined:
    """Look at every file.

    Args:
        scratch: a folder for copies, which must outlive the reading.

    Raises:
        RefusedData: a file lacks a column, or does not look like its layout at all; all hold their
            headers and nothing else.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    looked = [
        LOOKS[table.kind](file, table, scratch / f"copy-{number:06d}")
        for number, file in enumerate(landed)
    ]
    if table.kind == "delimited" and all(
        one.shape.header is not None and one.file.rows < 2 for one in looked
    ):
        raise RefusedData(
            f"{landed[0].name} holds its header and nothing "
            f"else{', and the others, too' if len(landed) > 1 else ''}",
            remedy="get the data set again",
        )
    if table.kind != "delimited" and not any(one.file.rows for one in looked):
        raise RefusedData(
            f"{landed[0].name} holds no rows{', nor do the others' if len(landed) > 1 else ''}",
            remedy="deliver the file again, or take it away if there is nothing to deliver",
        )
    for one in looked if not table.known else ():
        log(
            "ingest.understood",
            file=one.file.name,
            how=str(one.understanding),
            fields=one.understanding.fields,
            notes=list(one.understanding.notes),
        )
    return Examined(
        tuple(one.file for one in looked),
        tuple(_grouped(looked)),
        tuple(one.understanding for one in looked),
    )


def _grouped(looked: list[Looked]) -> list[FileLayout]:
    groups: dict[FileLayout, list[int]] = {}
    for number, one in enumerate(looked):
        groups.setdefault(one.shape, []).append(number)
    return [
        dataclasses.replace(
            shape, files=tuple(numbers), cut_short=tuple(n for n in numbers if looked[n].cut_short)
        )
        for shape, numbers in groups.items()
    ]
