"""The format of a file, by its first bytes, whatever its name says."""

from __future__ import annotations

import re

from tasks.core.cli.errors import RefusedData

HEAD_BYTES = 4096
PACKED = {
    "gzip": rb"\x1f\x8b",
    "zstd": rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18",
    "zip": rb"PK(\x03\x04|\x05\x06|\x07\x08)",
}
PARQUET, PARQUET_PAGE = b"PAR1", b"PAR1\x15"  # a text may start with PAR1, too
FOREIGN = {
    "a bzip2 archive": rb"BZh[1-9]1AY&SY",
    "an xz archive": rb"\xfd7zXZ\x00",
    "a 7-Zip archive": rb"7z\xbc\xaf\x27\x1c",
    "a RAR archive": rb"Rar!\x1a\x07",
    "an LZ4 archive": rb"\x04\x22\x4d\x18",
    "a compress (.Z) archive": rb"\x1f\x9d",
    "a tar archive": rb"(?s).{257}ustar",
    "a SQLite database": rb"SQLite format 3\x00",
    "an Avro file": rb"Obj\x01",
    "an encrypted Parquet file": rb"PARE",
    "an ORC file": rb"ORC[\x00-\x1f]",
    "an Arrow file": rb"ARROW1\x00\x00",
    "an Excel 97 file": rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a PDF": rb"%PDF-",
}
MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
MANY_NULS = 0.05
NAME_IT = "name its format in the description"
UNPACK = "unpack it, and pack it with gzip, zstd or zip if it has to be small"


def detect_packing(head: bytes) -> str | None:
    """`gzip`, `zstd`, `zip`, or None for what is to be read as it is."""
    return next((name for name, magic in PACKED.items() if re.match(magic, head)), None)


def check_content(name: str, head: bytes, kind: str) -> None:
    """Refuse plain bytes that cannot be of this kind.

    Args:
        head: the first bytes, once unpacked.
        kind: `lines` or `parquet`.

    Raises:
        RefusedData: an archive in an archive, another format, or text that is not of one byte a
            letter of ASCII.
    """
    if inner := detect_packing(head):
        raise RefusedData(
            f"{name} is packed twice",
            got=f"{inner} inside",
            allowed="one file, or a zip of plain files",
            remedy="unpack the outer one",
        )
    for what, magic in FOREIGN.items():
        if re.match(magic, head):
            remedy = (
                UNPACK
                if "archive" in what
                else "export it as csv, JSON lines or Parquet, not encrypted"
            )
            raise RefusedData(f"{name} is {what}", allowed=_describe_allowed(kind), remedy=remedy)
    if kind == "parquet" and not head.startswith(PARQUET):
        raise RefusedData(
            f"{name} is not Parquet", got=head[:24], allowed=_describe_allowed(kind), remedy=NAME_IT
        )
    if kind == "lines":
        _text(name, head)


def is_json_array(head: bytes) -> bool:
    """Whether a text begins as a JSON array of objects, whose line may be the whole file."""
    return bool(re.match(rb"(\xef\xbb\xbf)?\s*\[\s*[{\]]", head))


def _text(name: str, head: bytes) -> None:
    if head.startswith(PARQUET_PAGE):
        raise RefusedData(f"{name} is Parquet", allowed=_describe_allowed("lines"), remedy=NAME_IT)
    mark = next((what for mark, what in MARKS.items() if head.startswith(mark)), None)
    nuls = head.count(0)
    if mark or nuls > MANY_NULS * len(head):
        many = f"{nuls} NUL bytes among the first {len(head)}, as in UTF-16 or no text at all"
        raise RefusedData(
            f"{name} is not text in UTF-8",
            got=f"{mark}, as its first bytes say" if mark else many,
            remedy=f"convert it: iconv -f {mark or 'UTF-16'} -t UTF-8",
        )


def _describe_allowed(kind: str) -> str:
    content = "text: csv or JSON lines" if kind == "lines" else "Parquet"
    return f"{content}, plain or as gzip, zstd or zip"
