"""Reads documents of the store: manifests, verdicts, audit records. Nothing is ever written.

A folder without `manifest.json` does not exist. A document that cannot be read, or leads out of the
store, is left out of lists and raises an error when it is requested by name. A document that can be
read but is malformed is a row that says so.
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


def store_path(*parts: object) -> Path:
    """A path in the store.

    Raises:
        NotFound: not a name the store can hold.
    """
    for part in parts:
        if not isinstance(part, str) or not PART.fullmatch(part):
            raise NotFound(f"not a name the store can hold: {str(part)[:60]!r}")
    return store().joinpath(*map(str, parts))


def path_of_uri(uri: str) -> Path:
    """The folder behind a URI that a document names.

    Raises:
        NotFound: it is outside the store.
    """
    root, named = store().resolve(), os.environ.get("RECALL_STORE", "").rstrip("/")
    return _resolve(
        root,
        root / uri.removeprefix(f"{named}/")
        if named and uri.startswith(f"{named}/")
        else Path(unquote(urlsplit(uri).path)),
    )


def _resolve(root: Path, path: Path) -> Path:
    """A path with its links followed, inside this folder.

    Raises:
        NotFound: the path leads out of the folder, or in a circle.
    """
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError):  # links in a circle
        raise NotFound("this leads nowhere") from None
    if not resolved.is_relative_to(root):
        raise NotFound("this lies outside the store")
    return resolved


def document(path: Path) -> dict:
    """A JSON document; kept in memory while its file is the same. A long text is cut, and a number
    that is none is null.

    Raises:
        NotFound: absent, outside the store, larger than RECALL_DOCUMENT_MB, of too many values,
            or no document.
    """
    try:
        file = store_file(path)
        content = _read(file, file.stat().st_mtime_ns)
    except OSError as error:
        raise NotFound(f"{path.name} cannot be read ({type(error).__name__})") from None
    if isinstance(content, str):
        raise NotFound(f"{path.name} cannot be read ({content})")
    return content


def store_file(path: Path) -> Path:
    """A regular file of the store, with the links of its path followed.

    Raises:
        NotFound: outside the store, not a regular file (opening a pipe would block), or larger than
            RECALL_DOCUMENT_MB.
    """
    resolved = _resolve(store().resolve(), path)
    status = resolved.stat()
    if not stat.S_ISREG(status.st_mode):
        raise NotFound(f"{path.name} is no file")
    if (size := status.st_size) > document_bytes():
        raise NotFound(f"{path.name} has {size:,} bytes, more than RECALL_DOCUMENT_MB lets through")
    return resolved


@functools.lru_cache(512)
def _read(path: Path, changed: int) -> dict | str:
    """The content of a file as a page gets it; a text that says why it is no document.

    Values are counted before they are parsed: parsing millions of them would hold up everything
    else in this process.
    """
    try:
        written = path.read_bytes()
        if len(written.translate(None, NOT_BEFORE_VALUES)) > MAX_VALUES:
            return f"more than {MAX_VALUES:,} values"
        content = json.loads(written.decode(), parse_constant=lambda _: None)
        return _plain(content) if isinstance(content, dict) else "not an object"
    except (ValueError, RecursionError) as error:
        return type(error).__name__


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON that a page can show."""
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
    documents: list[tuple[Path, dict]], make: Callable[[Path, dict], dict], blank: dict
) -> list[dict]:
    """One row a document, made by `make`. A malformed document is `blank` with its name as `id` and
    what is wrong as `reason`.
    """
    lines = []
    for path, content in documents:
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
    """The complete folders directly in a folder, the last written first: the path and this document
    of each.
    """
    try:
        paths = [
            path / name
            for path in folder.iterdir()
            if not path.name.startswith(".") and (path / name).is_file()
        ]
    except OSError:
        return []
    return _readable(sorted(paths, key=_modified_at, reverse=True)[:most], lambda path: path.parent)


def files(folder: Path, most: int) -> list[tuple[Path, dict]]:
    """The JSON files directly in a folder, the last written first: path and content of each."""
    try:
        paths = [
            path
            for path in folder.iterdir()
            if path.suffix == ".json" and not path.name.startswith(".")
        ]
    except OSError:
        return []
    return _readable(sorted(paths, key=_modified_at, reverse=True)[:most], lambda path: path)


def folder_names(folder: Path) -> list[str]:
    """The names of the folders in a folder, in order."""
    try:
        return sorted(
            path.name
            for path in folder.iterdir()
            if path.is_dir() and not path.name.startswith(".")
        )
    except OSError:
        return []


def _readable(paths: list[Path], path_of: Callable[[Path], Path]) -> list[tuple[Path, dict]]:
    documents = []
    for path in paths:
        try:
            documents.append((path_of(path), document(path)))
        except NotFound:
            continue
    return documents


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
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f"{type(value).__name__} where a time belongs")
    if not 0 <= (seconds := float(value)) < 4e9:  # up to 2096
        raise ValueError(f"{value!r} is no time")
    return seconds


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
