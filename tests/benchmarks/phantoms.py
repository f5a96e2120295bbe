"""Ids that nobody wrote: whether every id of a row that is kept stands in that row of its file,
told without the code that read it.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tasks.ingest.fetch import LocalFile
from tests.benchmarks.seeds import Layout

NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
EDGES = " \t\r\n\x00\ufeff\"'"
ESCAPED = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')


def phantoms(layout: Layout, landed: list[LocalFile], rows: Path) -> Iterator[str]:
    """The ids of kept rows that do not stand in their files, each with what it is and where.

    Args:
        landed: the plain files of a delivery, in its order.
        rows: its folder of rows.
    """
    kept = (
        ds.dataset(rows, format="parquet")
        .to_table(columns=["file", "user", "item", "raw", "verdict"])
        .to_pylist()
    )
    of_file: dict[int, list[dict]] = {}
    for row in kept:
        if row["verdict"] is None:
            of_file.setdefault(row["file"], []).append(row)
    for number, ones in of_file.items():
        if 'format = "parquet"' in layout.toml:
            yield from _in_columns(layout, landed[number], ones)
        else:
            yield from _in_lines(layout, landed[number], ones)


def _in_columns(layout: Layout, file: LocalFile, rows: list[dict]) -> Iterator[str]:
    table = pq.ParquetFile(pa.BufferReader(file.path.read_bytes())).read([layout.user, layout.item])
    pairs = set()
    for one in table.to_pylist():
        users, items = (_spellings(_at(one, name)) for name in (layout.user, layout.item))
        pairs |= {(user, item) for user in users for item in items}
    yield from (
        f"{layout.name}: {file.name} has no row of {row['user']!r} and {row['item']!r}"
        for row in rows
        if (row["user"], row["item"]) not in pairs
    )


def _at(value: dict | None, name: str) -> object:
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _spellings(value: object) -> set[str]:
    """How an id may be kept: as it is written, or as a whole number."""
    if value is None or isinstance(value, (dict, list)):
        return set()
    if isinstance(value, bytes):
        return _spellings(value.decode("utf-8", "replace"))
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    return {text, *_whole(text)}


def _whole(text: str) -> set[str]:
    if not NUMBER.fullmatch(text) or len(text) > 400:
        return set()
    value = decimal.Decimal(text)
    is_whole = abs(value.adjusted()) < 400 and value == value.to_integral_value()
    return (
        {re.sub(r"\.0*$", "", text), f"{value.to_integral_value():f}", f"{int(value)}"}
        if is_whole
        else set()
    )


def _in_lines(layout: Layout, file: LocalFile, rows: list[dict]) -> Iterator[str]:
    data = _flat(file.path.read_bytes())
    for row in rows:
        if _flat(row["raw"]) not in data:
            yield f"{layout.name}: {file.name} has no line {row['raw'][:80]!r}"
        texts = _readings(row["raw"])
        for id in (row["user"], row["item"]):
            if not any(_stands_in(id, text) for text in texts):
                yield f"{layout.name}: {file.name}: {id!r} is not in {row['raw'][:80]!r}"


def _flat(data: bytes) -> bytes:
    return data.replace(b"\r", b" ").replace(b"\n", b" ")


def _readings(raw: bytes) -> list[str]:
    """A row in every encoding that is read, as it stands and without what quotes and backslashes
    hide.
    """
    texts = [raw.decode("utf-8", "replace"), raw.decode("latin-1"), raw.decode("cp1252", "replace")]
    return [
        *texts,
        *(text.replace('""', '"') for text in texts),
        *(ESCAPED.sub(_character, text) for text in texts),
    ]


def _character(escaped: re.Match) -> str:
    code = escaped[1]
    return (
        chr(int(code[1:], 16))
        if code[0] == "u" and len(code) == 5
        else {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(code, code)
    )


def _stands_in(id: str, text: str) -> bool:
    """Whether a text holds an id that nothing touches but the edges of a field, or a number that
    means it.
    """
    at = text.find(id)
    while at >= 0:
        before, behind = text[:at].rstrip(EDGES)[-1:], text[at + len(id) :].lstrip(EDGES)[:1]
        touches = (text[at - 1 : at] if at else "") + text[at + len(id) : at + len(id) + 1]
        if not re.search(r"[\w.]", touches) and not (before + behind).isspace():
            return True
        at = text.find(id, at + 1)
    return any(id in _whole(number) for number in NUMBER.findall(text))
