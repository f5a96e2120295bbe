"""Documents of the store, read as they lie there: manifests, verdicts, audit records. Nothing is ever written.

A folder without `manifest.json` does not exist. What cannot be read is left out of a list and told as an error when it is asked for by name.
"""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from recall_console.settings import Absent, store

PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def place(*parts: str) -> Path:
    """A folder of the store; a name that could climb out of it is refused.

    Raises:
        Absent: not a name the store can hold.
    """
    for part in parts:
        if not PART.fullmatch(part):
            raise Absent(f"not a name the store can hold: {part[:60]!r}")
    return store().joinpath(*parts)


def behind(uri: str) -> Path:
    """The folder behind a URI that a document names.

    Raises:
        Absent: it lies outside the store.
    """
    root, named = store().resolve(), os.environ.get("RECALL_STORE", "").rstrip("/")
    path = (root / uri.removeprefix(f"{named}/") if named and uri.startswith(f"{named}/") else Path(unquote(urlsplit(uri).path))).resolve()
    if not path.is_relative_to(root):
        raise Absent("this lies outside the store")
    return path


def document(path: Path) -> dict:
    """A JSON document; kept in memory while its file is the same.

    Raises:
        Absent: absent, or no document.
    """
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise Absent(f"{path.name} cannot be read ({type(error).__name__})") from None


@functools.lru_cache(512)
def _read(path: Path, changed: int) -> dict:
    content = json.loads(path.read_text())
    if not isinstance(content, dict):
        raise ValueError("not an object")
    return content


def newest(folder: Path, most: int, name: str = "manifest.json") -> list[tuple[Path, dict]]:
    """The complete folders right below one, the last written first: their places and this document of each."""
    try:
        found = [path / name for path in folder.iterdir() if not path.name.startswith(".") and (path / name).is_file()]
    except OSError:
        return []
    return _readable(sorted(found, key=_changed, reverse=True)[:most], lambda path: path.parent)


def files(folder: Path, most: int) -> list[dict]:
    """The JSON files right in a folder, the last written first."""
    try:
        found = [path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith(".")]
    except OSError:
        return []
    return [one for _, one in _readable(sorted(found, key=_changed, reverse=True)[:most], lambda path: path)]


def names(folder: Path) -> list[str]:
    """The names of the folders below one, in order."""
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _readable(paths: list[Path], of) -> list[tuple[Path, dict]]:
    found = []
    for path in paths:
        try:
            found.append((of(path), document(path)))
        except Absent:
            continue
    return found


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


