"""JSON: where in its objects the fields are, and objects that are not a line each written so."""

from __future__ import annotations

import decimal
import json
from collections.abc import Iterator
from pathlib import Path

from tasks.core.errors import RefusedData
from tasks.ingest.landing import Landed
from tasks.ingest.reading.values import whole

BLOCK_CHARACTERS = 1 << 20
DEPTH = 4
SHOWN_NAMES = 20
Keys = tuple[str, ...]


def parse(line: bytes) -> dict | None:
    """The object in a line; None where there is none. Numbers that are not whole come as decimals, as they are written."""
    try:
        value = json.loads(line, parse_float=decimal.Decimal)
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
    """Where a field is: under its own name, dots and all, or in nested objects; None where no object has it."""
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
    for name in path or (None,):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_at(value: object, path: Keys) -> str:
    """A field as text: a list or an object as its JSON, empty where there is none."""
    value = value_at(value, path)
    if value is None:
        return ""
    if isinstance(value, float) and value != value:
        return ""  # NaN, which JSON does not know and Python writes
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, decimal.Decimal):
        return whole(str(value)) or str(value)
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (dict, list)) else str(value)


def a_line_each(file: Landed, copy: Path, longest: int) -> int:
    """Write every object of a JSON array, or of a text of objects over several lines, as a line; returns how many there are.

    Args:
        longest: characters that one object may have.

    Raises:
        RefusedData: what is there is no JSON, or an object is too long.
    """
    count = 0
    with file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text, copy.open("wb") as out:
        for value in _values(file.name, text, longest):
            if not isinstance(value, dict):
                raise RefusedData(f"{file.name}, value {count + 1}: is no JSON object", got=json.dumps(value)[:80], allowed="an array of objects")
            out.write(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            count += 1
    return count


class _Spelled(float):
    """A number that is written as it was read."""

    def __new__(cls, text: str) -> "_Spelled":
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text


def _values(name: str, text, longest: int) -> Iterator[object]:
    """The values of an array, or of several values in a row, each as soon as it is complete."""
    decoder, rest, array, seen = json.JSONDecoder(parse_float=_Spelled), "", None, 0
    while True:
        rest = rest.lstrip(" \t\r\n," if array is not None else " \t\r\n")
        if array is None and rest:
            array = rest.startswith("[")
            rest = rest[1:] if array else rest
            continue
        if array and rest.startswith("]"):
            return
        try:
            if not rest:
                raise ValueError("nothing there")
            value, end = decoder.raw_decode(rest)
            if end == len(rest) and not isinstance(value, (dict, list)):
                raise ValueError("a number may go on")
            rest, seen = rest[end:], seen + 1
            yield value
        except (ValueError, RecursionError) as error:
            if len(rest) > longest:
                raise RefusedData(f"{name}, value {seen + 1}: is too long, or no JSON ({error})", got=rest[:80], allowed=f"{longest:,} characters",
                                  remedy="look at the file there; raise limits.line_kb if it is that long") from None
            if not (block := text.read(BLOCK_CHARACTERS)):
                if rest.strip(" \t\r\n,") or array:
                    raise RefusedData(f"{name}, value {seen + 1}: the JSON breaks off or is none ({error})", got=rest[:80],
                                      remedy="deliver the file again: compare its size and digest") from None
                return
            rest += block


def refuse_missing(file: str, missing: list[str], objects: list[dict], complete: bool) -> RefusedData:
    """No object has a field that the description names."""
    there = names(objects)
    more = f" and {len(there) - SHOWN_NAMES} more" if len(there) > SHOWN_NAMES else ""
    of = "rows" if complete else f"first {len(objects):,} rows"
    return RefusedData(f"{file}: none of its {of} has the field{'s' * (len(missing) > 1)} {', '.join(missing)}",
                       got=f"objects with {', '.join(there[:SHOWN_NAMES]) or 'no field'}{more}", allowed="fields that are there",
                       remedy="correct the names in the TOML file; a field inside an object is named with a dot, as in user.id")
