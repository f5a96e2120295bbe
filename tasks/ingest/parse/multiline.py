"""Records that span lines, which Spark would cut at every end of a line.

A file that holds such records is copied, a record a line. Lines keep their numbers: those that a
record goes on in stay, empty but for a mark. A quote that is opened and never properly closed ends
with its line, which is set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse.dialect import Dialect
from tasks.ingest.parse.sample import BOM

BLOCK_BYTES = 1 << 20
MAX_RECORD_BYTES = 1 << 20
MAX_RECORD_LINES = 1000
# Characters that no sound text holds stand for what a line cannot: the ends of lines, a line that a
# record goes on in, an open quote.
LF_MARK, CR_MARK, GOES_ON, OPEN = "\x1e", "\x1f", "\x1d", "\x1c"
MARKS = f"{OPEN}{GOES_ON}{LF_MARK}{CR_MARK}".encode()
NO_TEXT = bytes.maketrans(
    MARKS, b"\x1a" * len(MARKS)
)  # marks that stood in the file already: damage, and still reported as such


@dataclass(frozen=True)
class JoinedFile:
    """A copy with a record a line.

    `spanning` counts records of several lines, `open` lines that leave a quote open.
    """

    path: Path
    spanning: int
    open: int


def join_records(
    file: LocalFile,
    dialect: Dialect,
    width: int,
    single: tuple[int, ...],
    copy: Path,
    names: tuple[str, ...] = (),
) -> JoinedFile | None:
    """Write the copy; None, and no copy, where every record is a line and no quote is left open.

    Args:
        width: how many fields a record has.
        single: fields that are never written over several lines: ids, times, numbers.
        names: what a header may call them, over several lines or not.
    """
    spanning = left_open = 0
    with copy.open("wb") as out:
        for record in _records(
            file.path,
            dialect,
            lambda cells: (
                len(cells) == width
                and not any(
                    _spans(cells[n]) and cells[n].decode("utf-8", "replace").strip() not in names
                    for n in single
                )
            ),
        ):
            if len(record) > 1:
                spanning += 1
                out.write(_as_line(record) + b"\n" + (GOES_ON.encode() + b"\n") * (len(record) - 1))
            else:
                ((line, _),) = record
                is_open = dialect.may_be_open(line) and dialect.is_open(line)
                left_open += is_open
                out.write(OPEN.encode() * is_open + _strip_control_bytes(line) + b"\n")
    if spanning or left_open:
        return JoinedFile(copy, spanning, left_open)
    copy.unlink()
    return None


def _spans(cell: bytes) -> bool:
    return b"\n" in cell or b"\r" in cell


def with_line_ends(text: str) -> str:
    """A text of the copy with the ends of lines that its marks stand for."""
    return text.replace(LF_MARK, "\n").replace(CR_MARK, "\r")


def as_line(text: bytes) -> bytes:
    """A record over several lines as the copy holds it: one line."""
    lines = [_apart(line) for line in text.splitlines(keepends=True)]
    return _as_line(lines) if lines else b""


def _as_line(record: list[tuple[bytes, bytes]]) -> bytes:
    """Lines with their ends as one line; the last one's end is left out."""
    ends = {
        b"\n": LF_MARK.encode(),
        b"\r": CR_MARK.encode(),
        b"\r\n": (CR_MARK + LF_MARK).encode(),
        b"": b"",
    }
    return b"".join(
        _strip_control_bytes(line) + ends[end] for line, end in record[:-1]
    ) + _strip_control_bytes(record[-1][0])


def _strip_control_bytes(line: bytes) -> bytes:
    return line.translate(NO_TEXT)


def _records(
    path: Path, dialect: Dialect, sound: Callable[[list[bytes]], bool]
) -> Iterator[list[tuple[bytes, bytes]]]:
    """The lines of each record, each with its end."""
    lines = _lines(path)
    waiting: list[tuple[bytes, bytes]] = []
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        if not dialect.may_be_open(line[0]) or not dialect.is_open(line[0]):
            yield [line]
            continue
        ahead = [line]
        if _complete(ahead, waiting, lines, dialect, sound):
            yield ahead
        else:
            waiting = ahead[1:] + waiting
            yield [line]


def _complete(
    ahead: list,
    waiting: list,
    lines: Iterator,
    dialect: Dialect,
    sound: Callable[[list[bytes]], bool],
) -> bool:
    """Whether following lines complete an open record; the lines read are added to `ahead`."""
    text = b"".join(ahead[0])
    while len(ahead) < MAX_RECORD_LINES and len(text) < MAX_RECORD_BYTES:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return False
        ahead.append(line)
        text += line[0]
        if dialect.may_be_open(line[0]) and not dialect.may_be_open(text):
            cells = dialect.fields(text)
            if cells is not None or not dialect.is_open(text):
                return cells is not None and sound(cells)
        text += line[1]
    return False


def _lines(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Every line and its end: LF, CR LF, CR, or nothing behind the last."""
    with path.open("rb") as file:
        rest, first = b"", True
        while block := file.read(BLOCK_BYTES):
            rest += block
            if first:
                rest, first = rest.removeprefix(BOM), False
            parts = rest.splitlines(keepends=True)  # of bytes: at LF, CR and CR LF only
            rest = parts.pop() if not parts[-1].endswith(b"\n") else b""
            yield from map(_apart, parts)
        if rest:
            yield from map(_apart, rest.splitlines(keepends=True))


def _apart(line: bytes) -> tuple[bytes, bytes]:
    end = next((end for end in (b"\r\n", b"\n", b"\r") if line.endswith(end)), b"")
    return line.removesuffix(end), end
