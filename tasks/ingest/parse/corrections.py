"""Repaired lines, with which a delivery is made again in place of quarantined ones.

    corrections/<dataset>/<table>/<delivery>/<id>/lines.parquet     sha256 (of the file), line, text
    (the repaired bytes)

They hold for the file with that digest only: a file that was replaced is read as it now is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.store.identity import identity
from tasks.core.store.store import Store
from tasks.ingest.parse import multiline

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from tasks.ingest.fetch import LocalFile
    from tasks.ingest.parse.layout import FileLayout

FILE = "lines.parquet"
SCHEMA = pa.schema([("sha256", pa.string()), ("line", pa.int64()), ("text", pa.binary())])


@dataclass(frozen=True)
class Corrections:
    """Repaired lines of one delivery: (sha256 of the file, line) → the repaired bytes."""

    lines: dict[tuple[str, int], bytes]

    @property
    def digest(self) -> str:
        return identity(
            lines=sorted([sha256, line, text.hex()] for (sha256, line), text in self.lines.items())
        )

    def apply(
        self, spark: SparkSession, rows: DataFrame, local_files: list[LocalFile], layout: FileLayout
    ) -> DataFrame:
        """The rows with the repaired ones in their places. `rows` are numbered."""
        from pyspark.sql import functions as F

        numbers = {file.sha256: number for number, file in enumerate(local_files)}
        table = layout.table
        mine = [
            (numbers[sha256], line, bytearray(multiline.as_line(text) if layout.joined else text))
            for (sha256, line), text in self.lines.items()
        ]
        new = F.broadcast(spark.createDataFrame(mine, "file int, line bigint, repaired binary"))
        rows = rows.join(new, ["file", "line"], "left")
        if table.kind == "parquet":  # its fields do not come out of raw
            schema = ", ".join(f"`{name}` string" for name in table.named_fields)
            fields = F.from_json(F.col("repaired").cast("string"), schema)
            repaired_fields = {
                ours: F.coalesce(fields.getField(theirs), F.lit(""))
                for ours, theirs in zip(table.columns, table.named_fields, strict=True)
            }
            rows = rows.withColumns(
                {
                    ours: F.when(F.col("repaired").isNotNull(), repaired_fields[ours]).otherwise(
                        F.col(ours)
                    )
                    for ours in repaired_fields
                }
                | {"fault": F.when(F.col("repaired").isNull(), F.col("fault"))}
            )
        whole = (
            F.col("last") & F.col("repaired").isNull()
        )  # a repaired last line is no longer cut off
        return rows.withColumns({"raw": F.coalesce("repaired", "raw"), "last": whole}).drop(
            "repaired"
        )


def find_corrections(
    store: Store, dataset: str, table: str, delivery: str, local_files: tuple[LocalFile, ...]
) -> Corrections | None:
    """All repairs that hold for these files, the newest of a line; None when there are none."""
    lines: dict[tuple[str, int], bytes] = {}
    present = {file.sha256 for file in local_files}
    for artefact in sorted(
        store.children("corrections", dataset, table, delivery), key=lambda one: one.order
    ):
        for row in pq.read_table(artefact.file(FILE)).to_pylist():
            if row["sha256"] in present:
                lines[(row["sha256"], row["line"])] = row["text"]
    return Corrections(lines) if lines else None


def keep_corrections(
    store: Store,
    dataset: str,
    table: str,
    delivery: str,
    lines: dict[tuple[str, int], bytes],
    parent: str,
) -> str:
    """Store repairs; returns their id. The same repairs are the same artefact."""
    id = Corrections(lines).digest
    if not store.find("corrections", dataset, table, delivery, id):
        with store.writing("corrections", "corrections", dataset, table, delivery, id) as draft:
            rows = [
                {"sha256": sha256, "line": line, "text": text}
                for (sha256, line), text in sorted(lines.items())
            ]
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), draft.path / FILE)
            draft.counts, draft.lineage = {"lines": len(lines)}, {"parents": [parent]}
    return id
