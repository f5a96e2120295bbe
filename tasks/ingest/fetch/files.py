"""A file at the source, and a file on local disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tasks.ingest.rules import Limits

__all__ = ["Limits", "LocalFile", "SourceFile"]


@dataclass(frozen=True)
class SourceFile:
    """One file at the source, not yet read.

    Attributes:
        name: as a person knows it, '/'-separated: below the base folder, else below the part of the
            path that has no wildcard.
        uri: an absolute path, or s3://bucket/key.
        bytes: its size as it lies there, packed or not.
        modified: nanoseconds since 1970, so that two listings can be compared without reading
            anything.
    """

    name: str
    uri: str
    bytes: int
    modified: int


@dataclass(frozen=True)
class LocalFile:
    """One plain file that Python and Spark can both read.

    Attributes:
        name: that of the file found; of a member of a zip, `a.zip!inner/b.csv`.
        bytes: of the plain file.
        sha256: of the plain bytes.
        rows: lines (ended by LF, CR LF or CR; the last needs no end), or rows of a Parquet file as
            its footer tells.
        longest: bytes of the longest line without its end; 0 for Parquet.
        printable: whether all of its bytes are printable ASCII; False for Parquet.
        quotes, escapes, tabs: whether it holds a double quote, a backslash, a tab.
        odd_quotes: whether some line holds an odd number of quotes.
    """

    name: str
    path: Path
    bytes: int
    sha256: str
    rows: int
    longest: int
    printable: bool = False
    quotes: bool = False
    escapes: bool = False
    tabs: bool = False
    odd_quotes: bool = False
