"""A delivery: one set of files of one table as Parquet, each row with its verdict.

    deliveries/<dataset>/<table>/<day, or "whole">/<id>/
        rows/*.parquet     the fields (see `row_checks`), raw, verdict, day, file, block, at
        blocks.parquet     file, block, first, lines: what makes line numbers out of places
        manifest.json      facts: files, accounts by file

It is read once; every later day takes it from here. It is kept only with the first snapshot that
accepts it.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasks.core.cli.errors import Unreachable
from tasks.core.store.manifest import Artefact
from tasks.ingest.fetch import LocalFile, SourceFile
from tasks.ingest.parse import lines, row_checks
from tasks.ingest.parse.corrections import Corrections
from tasks.ingest.parse.fields import copy_fields, cut_fields
from tasks.ingest.parse.format_guess import FormatGuess
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.spark_paths import save, to_read
from tasks.ingest.sources import Source

WHOLE = "whole"
# These are nearly all different: a dictionary of them is built in vain. Differences (version 2)
# make places as good as nothing. With the usual codec and version, writing takes nearly twice the
# processor time for files that are a tenth smaller.
WRITING = {f"parquet.enable.dictionary#{name}": "false" for name in ("raw", "ms", "at")} | {
    "compression": "lz4_raw",
    "parquet.writer.version": "v2",
}
BLOCKS = pa.schema(
    [("file", pa.int32()), ("block", pa.int64()), ("first", pa.int64()), ("lines", pa.int64())]
)


@dataclass(frozen=True)
class Delivery:
    """One delivery, in the store or to be parsed.

    Attributes:
        name: its day, or `whole`.
        artefact: the delivery in the store, if it is there already.
        source_files, local_files, layouts, guesses, corrections: what it is made from otherwise.
        reading: a digest of how its files are read, code aside.
    """

    table: str
    name: str
    id: str
    reading: str
    source_files: tuple[SourceFile, ...] = ()
    local_files: tuple[LocalFile, ...] = ()
    layouts: tuple[FileLayout, ...] = ()
    guesses: tuple[FormatGuess, ...] = ()
    corrections: Corrections | None = None
    artefact: Artefact | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ParsedDelivery:
    """A delivery whose rows are on the disk, in the store already or in a draft.

    Attributes:
        folder: holds `rows/` and `blocks.parquet`.
        facts: as `write` returns them.
    """

    table: str
    name: str
    folder: Path
    facts: dict

    @property
    def day(self) -> int:
        """Its name as the rows carry it."""
        return day_of(self.name)


def day_of(name: str) -> int:
    """A delivery's name as its rows carry it: 20260115, or 0 for `whole`."""
    return 0 if name == WHOLE else int(name.replace("-", ""))


def read_rows(
    spark: SparkSession, deliveries: list[ParsedDelivery], merge_schema: bool = False
) -> DataFrame:
    """All rows of some deliveries of one table, valid and invalid.

    Args:
        merge_schema: whether a delivery that an older version wrote may lack a column.
    """
    return spark.read.option("mergeSchema", merge_schema and len(deliveries) > 1).parquet(
        *[to_read(one.folder / "rows") for one in deliveries]
    )


def row_counts(facts: list[dict]) -> tuple[int, int, dict[str, int]]:
    """Rows in, valid rows, and invalid rows by reason, over the files of some deliveries.

    Args:
        facts: of each delivery.
    """
    files = [file for one in facts for file in one["accounts"]]
    reasons: dict[str, int] = {}
    for file in files:
        for reason, rows in file["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + rows
    return sum(file["rows_in"] for file in files), sum(file["sound"] for file in files), reasons


def write(spark: SparkSession, delivery: Delivery, source: Source, folder: Path, now: int) -> dict:
    """Read, cut and judge the rows of a delivery into a folder; returns the facts for its manifest.

    Raises:
        Unreachable: a file has changed since its digest was taken.
        RuntimeError: a row is lost; a fault of ours, never of the data.
    """
    rows = reduce(
        DataFrame.unionByName,
        [_rows(spark, delivery, source, layout, now) for layout in delivery.layouts],
    )
    save(rows.write.options(**WRITING), folder / "rows")
    _check_unchanged(delivery)
    counted = spark.read.schema("file int, block bigint, at bigint, verdict string").parquet(
        to_read(folder / "rows")
    )
    counts = (
        counted.groupBy("file", "block", "verdict")
        .agg(F.count("*").alias("rows"), F.min("at").alias("first"))
        .collect()
    )
    _write_blocks(counts, folder)
    return {
        "table": delivery.table,
        "delivery": delivery.name,
        "reading": delivery.reading,
        "listing": [[one.name, one.bytes, one.modified] for one in delivery.source_files],
        "files": [
            {
                "name": one.name,
                "bytes": one.bytes,
                "rows": one.rows,
                "sha256": one.sha256,
                "understood": asdict(how),
            }
            for one, how in zip(delivery.local_files, delivery.guesses, strict=True)
        ],
        "repaired": len(delivery.corrections.lines) if delivery.corrections else 0,
        "accounts": _close(delivery, counts),
    }


def _check_unchanged(delivery: Delivery) -> None:
    """Files are read more than once: by their digest, by a look at them, and by Spark."""
    for file in delivery.source_files:
        if not file.uri.startswith("s3://"):
            now = os.stat(file.uri)
            if (now.st_size, now.st_mtime_ns) != (file.bytes, file.modified):
                raise Unreachable(
                    f"{file.name} changed while it was read",
                    got=file.uri,
                    remedy="write files under a name that starts with '.' or '_', and rename "
                    "them when complete",
                )


def _rows(
    spark: SparkSession, delivery: Delivery, source: Source, layout: FileLayout, now: int
) -> DataFrame:
    table, local_files = layout.table, list(delivery.local_files)
    if table.kind == "parquet":
        rows = lines.read_copies(
            spark,
            local_files,
            layout.files,
            dict(zip(table.columns, table.named_fields, strict=True)),
        )
    else:
        rows = lines.read(spark, local_files, layout.files)
    if delivery.corrections or layout.cut_short:
        rows = lines.number_lines(rows)
    if delivery.corrections:
        rows = delivery.corrections.apply(spark, rows, local_files, layout)
        layout = replace(layout, printable=False)  # a repaired line is not a line of the file
    rows = copy_fields(rows, layout) if table.kind == "parquet" else cut_fields(rows, layout)
    return _judge(rows, delivery.table, source, layout, now).withColumn(
        "day", F.lit(day_of(delivery.name))
    )


def _judge(rows: DataFrame, table: str, source: Source, layout: FileLayout, now: int) -> DataFrame:
    if table == "interactions":
        return row_checks.check_interactions(rows, source, layout, now)
    if table == "items":
        title = source.title() if source.title else F.col("id")
        genres = source.genres() if source.genres else F.array().cast("array<string>")
        return row_checks.check_catalogue(rows, title.alias("title"), genres.alias("genres"))
    return row_checks.check_catalogue(rows, *[F.col(f"`{name}`") for name in source.attributes])


def _write_blocks(counts: list, folder: Path) -> None:
    blocks: dict[tuple, list] = {}
    for row in counts:
        one = blocks.setdefault((row["file"], row["block"]), [row["first"], 0])
        one[0], one[1] = min(one[0], row["first"]), one[1] + row["rows"]
    table = pa.Table.from_pylist(
        [
            {"file": file, "block": block, "first": first, "lines": n}
            for (file, block), (first, n) in sorted(blocks.items())
        ],
        schema=BLOCKS,
    )
    pq.write_table(table, folder / "blocks.parquet")


def _close(delivery: Delivery, counts: list) -> list[dict]:
    """Every file's accounts: rows_in, sound, reasons; its header line is no row."""
    headed = {
        number
        for layout in delivery.layouts
        if layout.header is not None
        for number in layout.files
    }
    of_files: list[Counter[str | None]] = [Counter() for _ in delivery.local_files]
    accounts = []
    for row in counts:
        of_files[row["file"]][row["verdict"]] += row["rows"]
    for number, (file, of_file) in enumerate(zip(delivery.local_files, of_files, strict=True)):
        headers = of_file.pop(row_checks.HEADER, 0)
        if headers > 1:
            of_file["repeated_header"] = headers - 1
        blank = of_file.pop(row_checks.BLANK, 0)
        sound, rows_in = of_file.pop(None, 0), file.rows - (number in headed) - blank
        if (number in headed) != bool(headers) or sound + sum(of_file.values()) != rows_in:
            raise RuntimeError(
                f"the accounts of {file.name} do not close: {rows_in} rows in, {sound} sound, "
                f"{headers} headers, {dict(of_file)}"
            )
        accounts.append(
            {
                "file": file.name,
                "rows_in": rows_in,
                "blank": blank,
                "sound": sound,
                "reasons": dict(of_file),
            }
        )
    return accounts
