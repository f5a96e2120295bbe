"""A first TOML file for undescribed files, by the names and the values of their columns."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.ingest import fetch
from tasks.ingest.column_names import COMMON_NAMES, plain_name
from tasks.ingest.parse import json_paths, jsonlines, value_kinds
from tasks.ingest.parse.dialect import DELIMITERS, Dialect
from tasks.ingest.parse.sample import decode, read_sample
from tasks.ingest.rules import Limits
from tasks.ingest.sources.named import PACKED, format_by_name

MAX_EVENT_KINDS = 12
SAMPLE_ROWS = 200  # looked at


def description(location: str, scratch: Path) -> str:
    """The text of a TOML file for the files at a location.

    Raises:
        BadRequest: no column looks like a user's or an item's id.
        RefusedData: no file is there, or it is of no format that is read.
    """
    found = fetch.find_files(location, Path.cwd())
    kind = _kind(found[0].uri)
    local_files = fetch.fetch_files(
        found[:1], "parquet" if kind == "parquet" else "lines", scratch, Limits()
    )[0]
    if kind == "parquet":
        names, rows, more = _of_parquet(local_files.path)
    elif kind == "jsonl":
        names, rows, more = _of_json(local_files, scratch)
    else:
        names, rows, more = _of_text(local_files.path)
    meant = _meant(names, rows)
    if missing := [name for name in ("user", "item") if name not in meant]:
        raise BadRequest(
            f"no column looks like the id of {' or '.join(f'the {name}' for name in missing)}",
            got=", ".join(names[:30]) or local_files.name,
            allowed=f"a name such as {', '.join(COMMON_NAMES[missing[0]][:6])}",
            remedy='write a TOML file: [interactions] with path, user = "…", item = "…"; then '
            "look at that",
        )
    return _toml(location, kind, more, meant, rows)


def _kind(uri: str) -> str:
    """`parquet`, `jsonl` or `csv`, by what the name ends with, else by the first bytes."""
    if (kind := format_by_name(uri)) in ("parquet", "jsonl"):
        return kind
    if not uri.startswith("s3://") and not uri.lower().endswith(PACKED):
        with open(uri, "rb") as file:
            head = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")
        return (
            "parquet"
            if head.startswith(b"PAR1")
            else "jsonl"
            if head.startswith((b"{", b"[{", b"[\n"))
            else "csv"
        )
    return "csv"


def _of_parquet(path: Path) -> tuple[list[str], list[dict], dict]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as source:
        names = list(source.schema_arrow.names)
        flat = [
            name
            for name in names
            if not str(source.schema_arrow.field(name).type).startswith(
                ("list", "struct", "map", "large_list")
            )
        ]
        batch = next(source.iter_batches(SAMPLE_ROWS, columns=flat), None)
    rows = (
        []
        if batch is None
        else [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in batch.to_pylist()
        ]
    )
    return flat, rows, {}


def _of_json(local_files: fetch.LocalFile, scratch: Path) -> tuple[list[str], list[dict], dict]:
    found = jsonlines.read(local_files, scratch / "lines").found[:SAMPLE_ROWS]
    names = [
        name
        for name in json_paths.names(found)
        if not any(
            isinstance(json_paths.value_at(value, json_paths.path_of(name, [value]) or ()), dict)
            for value in found
        )
    ]
    paths = {name: json_paths.path_of(name, found) for name in names}
    return (
        names,
        [
            {name: json_paths.text_at(value, path) for name, path in paths.items() if path}
            for value in found
        ],
        {},
    )


def _of_text(path: Path) -> tuple[list[str], list[dict], dict]:
    lines = [line for line in read_sample(path).head[:SAMPLE_ROWS] if line.strip()]
    dialect = max(
        (Dialect(one, "doubled" if len(one) == 1 else "none") for one in DELIMITERS),
        key=lambda one: _evenness(one, lines),
    )
    table = [
        [decode(cell, "utf-8").strip().strip('"') for cell in cells]
        for line in lines
        if (cells := dialect.fields(line))
    ]
    if not table or len(table[0]) < 2:
        raise RefusedData(
            f"{path.name} does not look like a table",
            got=decode(lines[0], "utf-8")[:200] if lines else "blank lines",
            allowed="csv, JSON lines or Parquet",
        )
    more = {} if dialect.delimiter == "," else {"delimiter": dialect.delimiter}
    if _is_header(table):
        names = table[0]
        return (
            names,
            [dict(zip(names, row, strict=True)) for row in table[1:] if len(row) == len(names)],
            more,
        )
    names = _names_by_content(table)
    return (
        names,
        [dict(zip(names, row, strict=True)) for row in table if len(row) == len(names)],
        more | {"columns": names},
    )


def _evenness(dialect: Dialect, lines: Sequence[bytes]) -> tuple[float, int]:
    """The share of lines with the most common number of fields above one, and that number."""
    widths = Counter(len(cells) for line in lines if (cells := dialect.fields(line)))
    width, count = widths.most_common(1)[0] if widths else (1, 0)
    return (count / len(lines), width) if width > 1 else (0.0, 0)


def _is_header(table: list[list[str]]) -> bool:
    """Whether the first line names the columns.

    None of its fields is a number or a time, and it says something that no row says.
    """
    first = table[0]
    return all(
        cell and not value_kinds.NUMBER.fullmatch(cell) and not value_kinds.unit_of(cell)
        for cell in first
    ) and (
        any(plain_name(cell) in names for cell in first for names in COMMON_NAMES.values())
        or any(
            value_kinds.NUMBER.fullmatch(row[at])
            for row in table[1:3]
            for at in range(min(len(row), len(first)))
        )
    )


def _names_by_content(table: list[list[str]]) -> list[str]:
    """Names for the columns of a file without a header.

    The time is found by its values; the first two others are user and item.
    """
    width = Counter(map(len, table)).most_common(1)[0][0]
    rows = [row for row in table if len(row) == width]
    times = [at for at in range(width) if all(value_kinds.unit_of(row[at]) for row in rows)]
    stars = [
        at
        for at in range(width)
        if at not in times
        and len({row[at] for row in rows}) <= 11
        and all(re.fullmatch(r"[0-9]{1,2}(\.[05])?", row[at]) for row in rows)
    ]
    rest = [at for at in range(width) if at not in times[:1]]
    names = {at: f"column {at + 1}" for at in range(width)}
    names |= dict(zip(rest[:2], ("user", "item"), strict=False))  # there may be one column alone
    if times:
        names[times[0]] = "timestamp"
    names |= dict.fromkeys([at for at in stars if at not in rest[:2]][:1], "rating")
    return [names[at] for at in range(width)]


def _meant(names: list[str], rows: list[dict]) -> dict[str, str]:
    """From our names to the file's."""
    meant: dict[str, str] = {}
    for ours, known in COMMON_NAMES.items():
        ranked = sorted(
            (known.index(plain_name(name)), at, name)
            for at, name in enumerate(names)
            if plain_name(name) in known and name not in meant.values()
        )
        if ranked:
            meant[ours] = ranked[0][2]
    if "timestamp" in meant and not any(
        value_kinds.unit_of(str(row.get(meant["timestamp"], "")).strip()) for row in rows
    ):
        del meant["timestamp"]
    if "timestamp" not in meant:
        times = [
            name
            for name in names
            if name not in meant.values()
            and rows
            and all(value_kinds.unit_of(str(row.get(name, "")).strip()) for row in rows)
        ]
        meant |= {"timestamp": times[0]} if times else {}
    if "rating" in meant and not all(
        value_kinds.NUMBER.fullmatch(row.get(meant["rating"], "")) for row in rows
    ):
        del meant["rating"]
    if "event" in meant and (
        "rating" in meant or len(_kinds(rows, meant["event"])) > MAX_EVENT_KINDS
    ):
        del meant["event"]
    return meant


def _kinds(rows: list[dict], name: str) -> list[str]:
    return [kind for kind, _ in Counter(row.get(name, "") for row in rows).most_common() if kind]


def _toml(location: str, kind: str, more: dict, meant: dict[str, str], rows: list[dict]) -> str:
    path = location if "://" in location else str(Path(location).absolute())
    lines = ["[interactions]", f"path = {json.dumps(path, ensure_ascii=False)}"]
    lines += [] if format_by_name(path) == kind else [f'format = "{kind}"']
    lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in more.items()]
    lines += [
        f"{ours} = {json.dumps(theirs, ensure_ascii=False)}" for ours, theirs in meant.items()
    ]
    if "rating" in meant:
        stars = sorted(
            float(row[meant["rating"]])
            for row in rows
            if value_kinds.NUMBER.fullmatch(row.get(meant["rating"], ""))
        )
        low, high = (
            (stars[0], stars[-1])
            if stars[0] < stars[-1]
            else (min(0.0, stars[0]), max(1.0, stars[0]))
        )
        lines.append(
            f"rating_range = [{low:g}, {high:g}]  # of the first rows: the least and the "
            f"greatest that can be true"
        )
    if "event" in meant:
        weights = ", ".join(
            f"{json.dumps(kind, ensure_ascii=False)} = 1" for kind in _kinds(rows, meant["event"])
        )
        lines.append(
            f"weights = {{ {weights} }}  # the kinds of the first rows, and what each counts"
        )
    return "\n".join(lines) + "\n"
