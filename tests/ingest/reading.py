"""Reads a table of a described source as ingestion does, without making a snapshot of it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pyarrow.dataset as ds

from tasks.ingest import fetch
from tasks.ingest.parse import delivery
from tasks.ingest.parse.delivery import Delivery
from tasks.ingest.parse.examine import InspectedFiles, inspect_files
from tasks.ingest.rules import Limits
from tasks.ingest.sources import describe
from tests.ingest.conftest import NOW

LOG = '[interactions]\nuser = "user"\nitem = "item"\ntimestamp = "ts"\n'


def looked_at(
    folder: Path, toml: str, table: str = "interactions"
) -> tuple[InspectedFiles, list, object]:
    """What was found out about the files of a table; the files; the source."""
    (folder / "shop.toml").write_text(toml, "utf-8")
    source = describe("own", str(folder / "shop.toml"))
    wanted = source.tables[table]
    found = fetch.find_files(wanted.path, source.base)
    landed = fetch.fetch_files(
        found, "parquet" if wanted.kind == "parquet" else "lines", folder / "scratch", Limits()
    )
    return inspect_files(wanted, landed, folder / "copies"), found, source


def rows_of(spark, folder: Path, toml: str, table: str = "interactions") -> list[dict]:
    """Every row of a table in its order, with the verdict on it; what is no row (a header, a blank
    line) is left out.
    """
    seen, found, source = looked_at(folder, toml, table)
    made = Delivery(
        table, "whole", "id", "reading", tuple(found), seen.local_files, seen.layouts, seen.guesses
    )
    (folder / "made").mkdir(exist_ok=True)
    facts = delivery.write(spark, made, source, folder / "made", NOW)
    rows = ds.dataset(folder / "made" / "rows", format="parquet").to_table().to_pylist()
    rows = [
        row
        for row in sorted(rows, key=lambda row: (row["file"], row["block"], row["at"]))
        if row["verdict"] not in ("header", "blank")
    ]
    assert len(rows) == sum(file["rows_in"] for file in facts["accounts"])
    return rows


def by_file(rows: list[dict]) -> list[list[dict]]:
    """The rows of each file, in the order of the files' names."""
    return [list(of_one) for _, of_one in groupby(rows, lambda row: row["file"])]


def rows_of_texts(
    spark, folder: Path, texts: dict[str, str | bytes], ending: str = "csv", more: str = ""
) -> dict[str, list[dict]]:
    """The texts as the files of one delivery, and from each's name the rows that are read of it.
    `more`: lines of the description.
    """
    for nth, text in enumerate(texts.values()):
        (folder / f"{nth:02}.{ending}").write_bytes(
            text if isinstance(text, bytes) else text.encode()
        )
    return dict(
        zip(
            texts, by_file(rows_of(spark, folder, f'{LOG}path = "*.{ending}"\n{more}')), strict=True
        )
    )


def kept(rows: list[dict], *names: str) -> list[tuple]:
    """These fields of the rows that nothing is wrong with."""
    return [tuple(row[name] for name in names) for row in rows if row["verdict"] is None]


def reasons(rows: list[dict]) -> list[str]:
    """Why rows were set aside."""
    return [row["verdict"] for row in rows if row["verdict"]]
