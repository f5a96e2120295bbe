"""Paths for Spark, which reads them as patterns and takes no URIs when it writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrameWriter

# Our manifest digests every file, and every reader reads all rows. Writing both takes a quarter of
# the processor time of a delivery.
UNUSED = {
    "parquet.page.write-checksum.enabled": "false",
    "parquet.column.statistics.enabled": "false",
}
PATTERN = re.compile(r"([\\{}\[\]*?])")


def to_read(path: Path) -> str:
    """The path as a pattern that matches it alone."""
    return "file://" + PATTERN.sub(r"\\\1", str(path))


def save(writer: DataFrameWriter, folder: Path) -> None:
    """Write a folder of Parquet files, without checksums and statistics."""
    writer.options(**UNUSED).parquet(f"file://{folder}")
    for checksum in folder.rglob(".*.crc"):
        checksum.unlink()
