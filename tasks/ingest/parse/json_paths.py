"""JSON: where in its objects the fields are, and objects that are not a line each written so."""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from tasks.core.cli.errors import RefusedData
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse.value_kinds import EXACT, whole_number

BLOCK_CHARACTERS = 1 << 20
BETWEEN = re.compile(r"[ \t\r\n,]*")
DEPTH = 4
SHOWN_NAMES = 20
Keys = tuple[str, ...]


def parse(line: bytes | str) -> dict | None:
    """The object in a line, or None; all numbers are decimals, as they are written."""
    try:
        value = json.loads(line, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
    except (ValueError, RecursionError, decimal.InvalidOperation):
        return None
    return value if isinstance(value, dict) else None


def names(objects: list[dict]) -> list[str]:
    """The names of all fields, nested ones with dots, in the order in which they appear."""
    return list(dict.fromkeys(name for one in objects for name in _names(one, 1)))


def _names(value: dict, depth: int) -> Iterator[str]:
    for name, inner in value.items():
        yield name
        if isinstance(inner, dict) and depth < DEPTH:
            yield from (f"{name}.{below}" for below in _names(inner, depth + 1))


def path_of(field: str, objects: list[dict]) -> Keys | None:
    """The path of a field: its own name, dots and all, or names of nested objects; None if no
    object has it.
    """
    if any(field in one for one in objects):
        return (field,)
    path = tuple(field.split("."))
    return path if len(path) > 1 and any(_has(one, path) for one in objects) else None


def _has(value: object, path: Keys) -> bool:
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def value_at(value: object, path: Keys) -> object:
    """A field as JSON has it; None where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value: object, path: Keys) -> str:
    """A field as text: a list or an object as its JSON, empty where there is none."""
    value = value_at(value, path)
    if value is None:
        return ""
    if isinstance(value, float):
        return ""  # NaN or an infinity, which JSON does not know and Python writes
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, decimal.Decimal):
        return whole_number(str(value)) or str(value)
    return (
        json.dumps(value, ensure_ascii=False, default=_number)
        if isinstance(value, (dict, list))
        else str(value)
    )


def _number(value: decimal.Decimal) -> int | float:
    return int(value) if abs(value) < EXACT and value == value.to_integral_value() else float(value)


def write_object_lines(file: LocalFile, copy: Path, longest: int) -> int:
    """Write every object of a JSON text as a line; returns how many there are.

    The text is an array, or objects over several lines.

    Args:
        longest: characters that one object may have.

    Raises:
        RefusedData: what is there is no JSON, or an object is too long.
    """
    count = 0
    with (
        file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
        copy.open("wb") as out,
    ):
        for value, written in _values(file.name, text, longest):
            if not isinstance(value, dict):
                raise RefusedData(
                    f"{file.name}, value {count + 1}: is no JSON object",
                    got=written[:80],
                    allowed="an array of objects",
                )
            out.write(
                written.replace("\r", " ").replace("\n", " ").encode("utf-8", "surrogateescape")
                + b"\n"
            )
            count += 1
    return count


def _values(name: str, text: TextIO, longest: int) -> Iterator[tuple[object, str]]:
    """The values of a text and how each is written, as soon as it is complete."""
    decoder = json.JSONDecoder(
        parse_float=str, parse_int=str
    )  # a number may have more digits than Python takes
    rest, at, seen, in_array = "", 0, 0, False
    while True:
        between = BETWEEN.match(rest, at)
        at = between.end() if between else at
        if rest[at : at + 1] == ("]" if in_array else "["):
            at, in_array = at + 1, not in_array
            continue
        try:
            value, end = decoder.raw_decode(rest, at)
            if end == len(rest) and not isinstance(value, (dict, list)):
                raise ValueError("it may go on")
        except (ValueError, RecursionError) as error:
            rest, at = rest[at:], 0
            if len(rest) > longest:
                raise RefusedData(
                    f"{name}, value {seen + 1}: is too long, or no JSON ({error})",
                    got=rest[:80],
                    allowed=f"{longest:,} characters",
                    remedy="look at the file there; write it as one object a line",
                ) from None
            if not (block := text.read(BLOCK_CHARACTERS)):
                if rest or in_array:
                    raise RefusedData(
                        f"{name}, value {seen + 1}: the JSON breaks off or is none ({error})",
                        got=rest[:80],
                        remedy="deliver the file again: compare its size and digest",
                    ) from None
                return
            rest += block
            continue
        yield value, rest[at:end]
        at, seen = end, seen + 1


def refuse_missing(
    file: str, missing: list[str], objects: list[dict], complete: bool
) -> RefusedData:
    """No object has a field that the description names."""
    there = names(objects)
    alike = [name for field in missing for name in there if name.lower() == field.lower()]
    more = f" and {len(there) - SHOWN_NAMES} more" if len(there) > SHOWN_NAMES else ""
    of = "rows" if complete else f"first {len(objects):,} rows"
    return RefusedData(
        f"{file}: none of its {of} has the field{'s' * (len(missing) > 1)} {', '.join(missing)}",
        got=f"objects with {', '.join(there[:SHOWN_NAMES]) or 'no field'}{more}",
        allowed="fields that are there",
        remedy=f"write {', '.join(map(repr, alike))} in the TOML file: names are compared "
        f"letter by letter"
        if len(alike) == len(missing)
        else "correct the names in the TOML file; a field inside an object is named with a "
        "dot, as in user.id",
    )
