"""A sample of a text file: its first lines, and some from further on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tasks.ingest.fetch import LocalFile

ROWS = 1000
HEAD_BYTES = 1 << 20
LATER_BYTES = 16 << 10
LATER_FRACTIONS = (0.25, 0.5, 0.75, 1.0)  # shares of the file at which a few more lines are taken
ENDS = re.compile(rb"\r\n|\r|\n")
BOM = b"\xef\xbb\xbf"
LINES_LOOKED_AT = 10_000
C1 = re.compile(rb"[\x80-\x9f]")
# What Latin-1 makes of the bytes that Windows-1252 gives letters to, and these letters.
WINDOWS = (
    "".join(chr(code) for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)),
    bytes(range(0x80, 0xA0)).decode("cp1252", "ignore"),
)


@dataclass(frozen=True)
class Sample:
    """Lines without their ends.

    Attributes:
        head: the first lines of the file, without a byte-order mark; `later`: whole lines from
            further on.
        complete: whether the head is all there is.
        ended: whether the last line of the file has its end.
    """

    head: list[bytes]
    later: list[bytes]
    complete: bool
    ended: bool


def read_sample(path: Path) -> Sample:
    """Read the head of a file and a few places behind it."""
    with path.open("rb") as file:
        start = file.read(HEAD_BYTES)
        size = file.seek(0, 2)
        file.seek(-1, 2)
        ended = file.read(1) in (b"\n", b"\r")
        head = ENDS.split(start.removeprefix(BOM))
        complete = size <= HEAD_BYTES and len(head) <= ROWS
        if len(head) > 1 and (not head[-1] or size > HEAD_BYTES):
            head = head[:-1]  # nothing behind the last end, or a line cut in two
        later: list[bytes] = []
        for share in () if complete else LATER_FRACTIONS:
            file.seek(max(0, int(size * share) - LATER_BYTES))
            later += ENDS.split(file.read(LATER_BYTES))[1:-1]
    return Sample(head[:ROWS], later, complete, ended)


def find_encoding(local_files: LocalFile, given: str | None) -> tuple[str, tuple[str, ...]]:
    """UTF-8, or Windows-1252 or Latin-1 if letters are never UTF-8; with notes on a guess."""
    if given or local_files.printable:
        return given or "utf-8", ()
    right = wrong = windows = 0
    with local_files.path.open("rb") as file:
        for line in file:
            if not line.isascii():
                try:
                    line.decode("utf-8")
                    right += 1
                except UnicodeDecodeError:
                    wrong, windows = wrong + 1, windows + bool(C1.search(line))
                if right + wrong >= LINES_LOOKED_AT or right > 3 * wrong + 3:
                    break
    if wrong > max(2, 20 * right):
        name = "Windows-1252" if windows else "Latin-1"
        return name.lower(), (
            f"{wrong:,} lines hold letters that are no UTF-8 and {right} hold some that are: "
            f"read as {name}",
        )
    return "utf-8", ()


def decode(line: bytes, encoding: str) -> str:
    """A line as text, whatever it holds."""
    text = line.decode("utf-8" if encoding in ("utf-8", "ascii") else "latin-1", "replace")
    return text.translate(str.maketrans(*WINDOWS)) if encoding == "windows-1252" else text
