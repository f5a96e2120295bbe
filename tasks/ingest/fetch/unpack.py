"""Packed files as plain blocks: gzip (also several in a row), zstd and zip.

Never more than one block is in memory.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator

from tasks.core.cli.errors import RecallError, RefusedData
from tasks.ingest.fetch.local import read_error
from tasks.ingest.fetch.locations import is_hidden, plain_name

BLOCK_BYTES = 1 << 19
DAMAGED = (
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
NO_DISK = (
    None,
    errno.EINVAL,
)  # a decompressor's own error, or a zip that sends it to a place before its start
OFFICE = "[Content_Types].xml"  # in every docx, pptx and xlsx


def blocks(file) -> Iterator[bytes]:
    """The remaining bytes of an open file."""
    while block := file.read(BLOCK_BYTES):
        yield bytes(block)


def unpack_blocks(name: str, how: str | None, file: io.BufferedReader) -> Iterator[bytes]:
    """A file's plain bytes, in blocks.

    Args:
        how: None, `gzip` or `zstd`.

    Raises:
        RefusedData: it is cut short or damaged.
    """
    return _told(name, how, blocks(_open(how, file)))


def _open(how: str | None, file: io.BufferedReader):
    if how == "gzip":
        return gzip.GzipFile(fileobj=file)
    if how == "zstd":
        import pyarrow

        return pyarrow.CompressedInputStream(pyarrow.PythonFile(file, mode="r"), "zstd")
    return file


def members(name: str, file: io.BufferedReader) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files in a zip, as it lists them: `name!path inside` and plain bytes.

    A path inside is a name and nothing else.

    Raises:
        RefusedData: it is cut short, damaged or encrypted, holds no file, a link or two files of
            one name.
    """
    with naming_damage(name, "zip"):
        archive = zipfile.ZipFile(file)
        infos = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info)]
    _acceptable(name, archive, infos)
    for info in infos:
        inner = plain_name(f"{name}!{_inner(info)}")
        yield inner, _told(inner, "zip", _member(archive, info))


def _inner(info: zipfile.ZipInfo) -> str:
    return info.filename.replace("\\", "/")  # some packers on Windows write it so


def _is_hidden(info: zipfile.ZipInfo) -> bool:
    return any(is_hidden(part) for part in _inner(info).split("/") if part not in (".", ".."))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as file:
        yield from blocks(file)


def _acceptable(name: str, archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> None:
    names = [_inner(info) for info in infos]
    if not infos:
        raise RefusedData(
            f"{name} holds no file",
            got=f"a zip of {', '.join(archive.namelist()[:12]) or 'nothing'}",
            remedy="pack it again with the data in it",
        )
    if OFFICE in names:
        raise RefusedData(
            f"{name} is an Office document (xlsx or the like)",
            remedy="export it as csv, JSON lines or Parquet",
        )
    for info, inner in zip(infos, names, strict=True):
        if info.flag_bits & 0x1:
            raise RefusedData(
                f"{name}!{inner} is encrypted", remedy="pack it again without a password"
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise RefusedData(f"{name}!{inner} is a link", remedy="pack the file itself")
    if twice := [inner for inner, times in Counter(names).items() if times > 1]:
        raise RefusedData(
            f"{name} holds two files named {twice[0]}", remedy="pack it again with each file once"
        )


def _told(name: str, how: str | None, source: Iterator[bytes]) -> Iterator[bytes]:
    with naming_damage(name, how):
        yield from source


@contextlib.contextmanager
def naming_damage(name: str, how: str | None) -> Iterator[None]:
    """Report what fails while a file is read as damage to it, or to the disk."""
    try:
        yield
    except RecallError:
        raise
    except DAMAGED as error:
        if isinstance(error, OSError) and (how is None or error.errno not in NO_DISK):
            raise read_error(error, name) from error
        if how is None:
            raise
        raise _damage_error(name, how, error) from error


def _damage_error(name: str, how: str, error: Exception) -> RefusedData:
    short = (
        isinstance(error, EOFError) or "runcated" in str(error) or "not a zip file" in str(error)
    )  # a zip's list is its end
    what = "is cut short" if short else f"is no {how} that can be unpacked"
    return RefusedData(
        f"{name} {what}",
        got=str(error) or type(error).__name__,
        remedy="deliver the file again: compare its size and digest",
    )
