"""Files packed in every way that landing reads, and landed, for its tests."""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow
from pyarrow import parquet

from tasks.ingest.fetch import Limits, LocalFile, fetch_files, find_files

LINES = b"".join(b"%d,%d\r\n" % (n, n * n) for n in range(60_000)) + "é,last".encode()
LONGEST = len(b"59999,3599880001")


def landed(folder, kind="lines", **limits) -> list[LocalFile]:
    """All files of a folder, landed in `scratch` beside it."""
    return fetch_files(find_files(".", folder), kind, folder.parent / "scratch", Limits(**limits))


def gz(data: bytes) -> bytes:
    return gzip.compress(data)


def zst(data: bytes) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def table(rows: int) -> bytes:
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(
        pyarrow.table({"user": list(range(rows)), "item": [str(n) for n in range(rows)]}), sink
    )
    return sink.getvalue().to_pybytes()
