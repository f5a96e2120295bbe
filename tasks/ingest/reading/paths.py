"""Parquet folders as Spark reads and writes them: by paths that are no URIs, and when reading are patterns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrameWriter

PATTERN = re.compile(r"([\\{}\[\]*?])")


def to_read(path: Path) -> str:
    """The path as a pattern that matches it alone."""
    return "file://" + PATTERN.sub(r"\\\1", str(path))


def save(writer: "DataFrameWriter", folder: Path) -> None:
    """Write a folder of Parquet files, without Hadoop's checksums: our manifest digests every file."""
    writer.parquet(f"file://{folder}")
    for checksum in folder.rglob(".*.crc"):
        checksum.unlink()
