"""Documents of the store, read as they lie there: manifests, verdicts, audit records. Nothing is
ever written.

A folder without `manifest.json` does not exist. What cannot be read, or leads out of the store, is
left out of a list and told as an error when it is asked for by name; what can be read and is not
the document it should be stands in a list as a line that says so.
"""

from __future__ import annotations

import datetime
import functools
import json
import math
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from recall_console.settings import NotFound, document_bytes, store

PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
MALFORMED = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
)  # what comes of a document that is not what it should be
MAX_CHARACTERS, MAX_DEPTH, MAX_VALUES = (
    2000,
    40,
    200_000,
)  # characters of a text, levels and values of a document, that a page is given
NOT_BEFORE_VALUES = bytes(
    set(range(256)) - set(b",[{")
)  # every value of a document but its first has one of these before it
YEARS = range(1970, 2096)  # of days and moments that are taken for such


def store_path(*parts: str) -> Path:
    """A folder of the store; a name that could climb out of it is refused.

    Raises:
        Absent: not a name the store can hold.
    """
    for part in parts:
        if not isinstance(part, str) or not PART.fullmatch(part):
            raise NotFound(f"not a name the store can hold: {str(part)[:60]!r}")
    return store().joinpath(*parts)


def path_of_uri(uri: str) -> Path:
    """The folder behind a URI that a document names.

    Raises:
        Absent: it lies outside the store.
    """
    root, named = store().resolve(), os.environ.get("RECALL_STORE", "").rstrip("/")
    return _resolved(
        root,
        root / uri.removeprefix(f"{named}/")
        if named and uri.startswith(f"{named}/")
        else Path(unquote(urlsplit(uri).path)),
    )


def _resolved(root: Path, path: Path) -> Path:
    """Where a path leads, links followed, which is not out of this folder."""
    try:
        found = path.resolve()
    except (OSError, RuntimeError):  # links in a circle
        raise NotFound("this leads nowhere") from None
    if not found.is_relative_to(root):
        raise NotFound("this lies outside the store")
    return found


def document(path: Path) -> dict:
    """A JSON document; kept in memory while its file is the same. A long text is cut, and a number
    that is none is null.

    Raises:
        Absent: absent, outside the store, larger than RECALL_DOCUMENT_MB, of too many values, or no
            document.
    """
    try:
        found = store_file(path)
        content = _read(found, found.stat().st_mtime_ns)
    except OSError as error:
        raise NotFound(f"{path.name} cannot be read ({type(error).__name__})") from None
    if isinstance(content, str):
        raise NotFound(f"{path.name} cannot be read ({content})")
    return content


def store_file(path: Path) -> Path:
    """A file of the store, wherever the links of its path lead.

    Raises:
        Absent: out of the store, no file (whoever opens a pipe waits for good), or it is larger
            than RECALL_DOCUMENT_MB.
    """
    found = _resolved(store().resolve(), path)
    told = found.stat()
    if not stat.S_ISREG(told.st_mode):
        raise NotFound(f"{path.name} is no file")
    if (size := told.st_size) > document_bytes():
        raise NotFound(f"{path.name} has {size:,} bytes, more than RECALL_DOCUMENT_MB lets through")
    return found


@functools.lru_cache(512)
def _read(path: Path, changed: int) -> dict | str:
    """What a page is given of a file; of one that is no document, what it is instead. Values are
    counted before they are made: to make millions of them holds up everything else that this
    process does."""
    try:
        written = path.read_bytes()
        if len(written.translate(None, NOT_BEFORE_VALUES)) > MAX_VALUES:
            return f"more than {MAX_VALUES:,} values"
        content = json.loads(written.decode(), parse_constant=lambda _: None)
        return _plain(content) if isinstance(content, dict) else "not an object"
    except (ValueError, RecursionError) as error:
        return type(error).__name__


def _plain(value: Any, depth: int = 0) -> Any:
    """What a page can be given as JSON."""
    if depth > MAX_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, str):
        text = (
            value
            if len(value) <= MAX_CHARACTERS
            else f"{value[:MAX_CHARACTERS]}… ({len(value):,} characters)"
        )
        return text.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {_plain(name): _plain(one, depth + 1) for name, one in value.items()}
    return value


def summaries(
    found: list[tuple[Path, dict]], make: Callable[[Path, dict], dict], blank: dict
) -> list[dict]:
    """What is made of each document; of one that is not what it should be, `blank` with its name as
    `id` and what is wrong as `reason`.
    """
    lines = []
    for path, content in found:
        try:
            lines.append(make(path, content))
        except MALFORMED as error:
            lines.append(
                {
                    **blank,
                    "id": path.name,
                    "reason": f"this document cannot be understood ({type(error).__name__}: "
                    f"{str(error)[:100]})",
                }
            )
    return lines


def newest(folder: Path, most: int, name: str = "manifest.json") -> list[tuple[Path, dict]]:
    """The complete folders right below one, the last written first: their places and this document
    of each.
    """
    try:
        found = [
            path / name
            for path in folder.iterdir()
            if not path.name.startswith(".") and (path / name).is_file()
        ]
    except OSError:
        return []
    return _readable(sorted(found, key=_changed, reverse=True)[:most], lambda path: path.parent)


def files(folder: Path, most: int) -> list[tuple[Path, dict]]:
    """The JSON files right in a folder, the last written first: their places and contents."""
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix == ".json" and not path.name.startswith(".")
        ]
    except OSError:
        return []
    return _readable(sorted(found, key=_changed, reverse=True)[:most], lambda path: path)


def folder_names(folder: Path) -> list[str]:
    """The names of the folders below one, in order."""
    try:
        return sorted(
            path.name
            for path in folder.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )
    except OSError:
        return []


def _readable(paths: list[Path], of) -> list[tuple[Path, dict]]:
    found = []
    for path in paths:
        try:
            found.append((of(path), document(path)))
        except NotFound:
            continue
    return found


def text(value: object) -> str | None:
    """A text of a document, or a number as one; None stays None, anything else is a TypeError."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{type(value).__name__} where a text belongs")
    return str(value)[:MAX_CHARACTERS]


def whole(value: object) -> int:
    """A number of rows, items or users; else ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**53:
        raise ValueError(f"{str(value)[:40]!r} is no number of anything")
    return int(value)


def figure(value: object) -> float:
    """A number that a page can draw and a scraper can read; else ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        raise ValueError(f"{str(value)[:40]!r} is no figure")
    return float(value)


def day(value: object) -> str:
    """A day as YYYY-MM-DD, of a year that is plausible; else ValueError."""
    if (
        not isinstance(value, str)
        or datetime.date.fromisoformat(value).isoformat() != value
        or int(value[:4]) not in YEARS
    ):
        raise ValueError(f"{str(value)[:40]!r} is no day")
    return value


def moment(value: object) -> float:
    """Seconds since 1970, of a time that a calendar has; else ValueError."""
    if isinstance(value, bool) or not 0 <= (seconds := float(value)) < 4e9:  # up to 2096
        raise ValueError(f"{value!r} is no time")
    return seconds


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
