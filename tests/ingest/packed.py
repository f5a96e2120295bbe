"""Files packed in every way that landing reads, for its tests."""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow
from pyarrow import parquet


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
    parquet.write_table(pyarrow.table({"user": list(range(rows)), "item": [str(n) for n in range(rows)]}), sink)
    return sink.getvalue().to_pybytes()
