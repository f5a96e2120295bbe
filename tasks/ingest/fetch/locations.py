"""Locations of data: a path, a `file://` or an `s3://` URI, with wildcards or without."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from tasks.core.cli.errors import BadRequest, RefusedData

ALLOWED = (
    "a file, a folder or a glob: an absolute path, one relative to the description, "
    "file:///… or s3://bucket/…"
)
HIDDEN = (".", "_")
FOLDER_MARK = "_$folder$"  # left in buckets by older Hadoop


@dataclass(frozen=True)
class Location:
    """A path in parts: `root` (a folder or a bucket), and names below it, perhaps wildcards."""

    written: str
    scheme: str
    root: str
    parts: tuple[str, ...]


def parse(where: str, base: Path) -> Location:
    """Cut a path up. What lies below the base starts from there, however it is written.

    Raises:
        BadRequest: empty, or of a scheme that cannot be read.
    """
    scheme, mark, rest = where.partition("://")
    if mark and scheme == "s3" and (keys := [part for part in rest.split("/") if part]):
        return Location(where, "s3", keys[0], tuple(keys[1:]))
    if mark and scheme == "file":
        host, slash, rest = rest.partition("/")
        if slash and host in ("", "localhost") and "%00" not in rest:
            return _local(where, "/" + unquote(rest), base)
    elif not mark and where.strip() and "\0" not in where:
        return _local(where, where, base)
    raise BadRequest("this place cannot be read", got=where, allowed=ALLOWED)


def _local(written: str, path: str, base: Path) -> Location:
    root, full = PurePosixPath(base.absolute()), PurePosixPath(posixpath.normpath(path))
    if full.is_relative_to(root):
        full = full.relative_to(root)
    parts = full.parts
    if full.is_absolute():
        return Location(written, "file", "/", parts[1:])
    while parts and parts[0] == "..":
        root, parts = root.parent, parts[1:]
    return Location(written, "file", str(root), parts)


def has_wildcard(part: str) -> bool:
    """Whether a part of a path is a pattern."""
    return any(mark in part for mark in "*?[")


def is_hidden(name: str) -> bool:
    """Whether a name is a marker or an unfinished file (`_SUCCESS`, `.part-0.crc`, `__MACOSX`)."""
    return name.startswith(HIDDEN) or name.endswith(FOLDER_MARK)


def plain_name(name: str) -> str:
    """The name, when it can be written down; bytes that are no UTF-8 come as lone surrogates.

    Raises:
        RefusedData: it cannot.
    """
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise RefusedData(
            "the name of a file is not plain text",
            got=name,
            allowed="UTF-8 without control characters",
            remedy="rename the file",
        )
    return name


def name_matches(name: str, part: str) -> bool:
    """Whether a name matches a part of a pattern.

    A hidden name matches only a part with the same first letter.
    """
    if is_hidden(name) and not part.startswith(HIDDEN):
        return False
    return bool(re.fullmatch(fnmatch.translate(part), name))


def path_matches(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """The same for a whole path; `**` stands for any number of folders."""
    if not parts or not names:
        return not names and all(part == "**" for part in parts)
    if parts[0] == "**":
        return path_matches(names, parts[1:]) or path_matches(names[1:], parts)
    return name_matches(names[0], parts[0]) and path_matches(names[1:], parts[1:])
