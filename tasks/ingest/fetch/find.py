"""Find the files of a location, and its days."""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Callable
from pathlib import Path

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.store.s3 import no_bucket
from tasks.ingest.fetch import table_formats
from tasks.ingest.fetch.files import SourceFile
from tasks.ingest.fetch.local import Entry, LocalFileSystem
from tasks.ingest.fetch.locations import (
    Location,
    has_wildcard,
    name_matches,
    parse,
    path_matches,
    plain_name,
)
from tasks.ingest.fetch.s3 import Bucket
from tasks.ingest.rules import DAY

SEPARATORS = ("-", "", "_", ".")  # 2026-01-15, 20260115, 2026_01_15, 2026.01.15
SHOWN, SHOWN_DAYS = 12, 8


def tree_of(scheme: str) -> LocalFileSystem | Bucket:
    """The file system that lists and opens locations of this scheme."""
    return Bucket() if scheme == "s3" else LocalFileSystem()


def find_files(
    where: str, base: Path, tables: table_formats.Tables | None = None
) -> list[SourceFile]:
    """The files at a location, by name.

    A folder means all files below it. Hidden ones (`.x`, `_SUCCESS`) are left out.

    Args:
        where: a file, a folder or a glob (`**`, `*`, `?`, `[..]`): absolute, relative to `base`,
            `file://` or `s3://`.
        tables: which folders are known to be in a table of a lake, kept between the days of a
            source.

    Raises:
        RefusedData: there is no file, or what is there is none.
        BadRequest: the location cannot be read from here.
        Unreachable: a disk or the object store does not answer.
    """
    if DAY in where:
        raise BadRequest("this path has one place a day", got=where, remedy="name the day")
    location = parse(where, base)
    tree = tree_of(location.scheme)
    folder, rest = _fixed_prefix(tree, location)
    if rest:
        entries = [entry for _, entry in _match_files(tree, folder, rest)]
    else:
        entries = list(filter(None, [tree.look(folder)]))
        folder = folder if entries and entries[0].kind == "folder" else folder.rpartition("/")[0]
    root = location.root if location.scheme == "file" and location.root != "/" else folder
    files = table_formats.current(
        tree,
        {entry.path: entry for entry in _files(tree, entries)},
        {} if tables is None else tables,
    )
    if not files:
        raise _nothing(tree, location)
    return sorted((_found(tree, entry, root) for entry in files.values()), key=lambda one: one.name)


def list_days(where: str, base: Path) -> list[str]:
    """The days of a path with `{day}`, as YYYY-MM-DD, in order.

    A day counts if the folder or file of that name exists.
    """
    return sorted(find_days(where, base))


def find_days(where: str, base: Path) -> dict[str, str]:
    """The days of a path with `{day}`: YYYY-MM-DD → the spelling in its names.

    Spellings are 2026-01-15, 20260115, 2026_01_15 and 2026.01.15.

    Raises:
        BadRequest: there is no `{day}` in the path.
        RefusedData: a day is there in two spellings.
    """
    spelled: dict[str, str] = {}
    part, last, entries = _where_days_are(where, base, lambda part: part.replace(DAY, "*"))
    for name in dict.fromkeys(entry.name for entry in entries if entry.kind == "folder" or last):
        for separator in SEPARATORS:
            if day := _day(name, part, separator):
                written = day.replace("-", separator)
                if spelled.setdefault(day, written) != written:
                    raise RefusedData(
                        f"{day} is there twice",
                        got=f"{spelled[day]} and {written}",
                        allowed="one spelling of a day",
                        remedy="move one of them away",
                    )
    return spelled


def describe_day_folders(where: str, base: Path) -> str:
    """A few names of files and folders at the `{day}` of a path, for a message."""
    names = sorted({entry.name for entry in _where_days_are(where, base, lambda part: "*")[2]})
    more = ", …" if len(names) > SHOWN_DAYS else ""
    return f"{', '.join(names[:SHOWN_DAYS]) or 'nothing'}{more} where {DAY} stands"


def _where_days_are(
    where: str, base: Path, pattern: Callable[[str], str]
) -> tuple[str, bool, list[Entry]]:
    """The part of a path that has `{day}`, whether it is the last one, and what lies there."""
    location = parse(where, base)
    at = next((nth for nth, part in enumerate(location.parts) if DAY in part), None)
    if at is None:
        raise BadRequest(
            "this path has no place for the day",
            got=where,
            allowed="a path with {day}, as in events/{day}/*.csv",
        )
    tree = tree_of(location.scheme)
    cut = Location(
        where, location.scheme, location.root, (*location.parts[:at], pattern(location.parts[at]))
    )
    return (
        location.parts[at],
        at == len(location.parts) - 1,
        [entry for _, entry in _match_files(tree, *_fixed_prefix(tree, cut))],
    )


def find_files_of_day(
    where: str,
    base: Path,
    day: str,
    spelled: str | None = None,
    tables: table_formats.Tables | None = None,
) -> list[SourceFile]:
    """The files of one day, see `find_files`.

    `spelled` is how names there write the day, see `find_days`.
    """
    if not _real(day) or DAY not in where:
        raise BadRequest(
            "this is no day of a path with {day}", got=f"{day!r} of {where}", allowed="YYYY-MM-DD"
        )
    return find_files(where.replace(DAY, spelled or day), base, tables)


def _day(name: str, part: str, separator: str) -> str | None:
    between = re.escape(separator)
    digits = f"(?<![0-9])[0-9]{{4}}{between}[0-9]{{2}}{between}[0-9]{{2}}(?![0-9])"
    pattern = fnmatch.translate(part.replace(DAY, "\0")).replace("\0", f"(?P<day>{digits})", 1)
    found = re.fullmatch(pattern.replace("\0", "(?P=day)"), name)
    if not found:
        return None
    written = found["day"].replace(separator, "") if separator else found["day"]
    day = f"{written[:4]}-{written[4:6]}-{written[6:]}"
    return day if _real(day) else None


def _real(day: str) -> bool:
    try:
        return datetime.date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False


def _fixed_prefix(
    tree: LocalFileSystem | Bucket, location: Location
) -> tuple[str, tuple[str, ...]]:
    """The part of a path before its first wildcard, and the rest.

    A name that holds `[` and exists is a name.
    """
    folder, rest = location.root, location.parts
    while rest and (not has_wildcard(rest[0]) or tree.look(_join(folder, rest[0]))):
        folder, rest = _join(folder, rest[0]), rest[1:]
    return folder, rest


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


def _match_files(
    tree: LocalFileSystem | Bucket, folder: str, parts: tuple[str, ...], names: tuple = ()
) -> list[tuple[tuple[str, ...], Entry]]:
    if parts[0] == "**":
        return [
            ((*names, *below), entry)
            for below, entry in tree.below(folder)
            if path_matches(below, parts)
        ]
    found = []
    for entry in tree.children(folder):
        if name_matches(entry.name, parts[0]):
            path = (*names, entry.name)
            if len(parts) == 1:
                found.append((path, entry))
            elif entry.kind == "folder":
                found += _match_files(tree, entry.path, parts[1:], path)
    return found


def _files(tree: LocalFileSystem | Bucket, entries: list[Entry]) -> list[Entry]:
    inside = [
        below for entry in entries if entry.kind == "folder" for _, below in tree.below(entry.path)
    ]
    return [entry for entry in (*entries, *inside) if entry.kind != "folder"]


def _found(tree: LocalFileSystem | Bucket, entry: Entry, root: str) -> SourceFile:
    name = entry.path[len(root) :].lstrip("/")
    if entry.kind != "file":
        raise RefusedData(
            f"{entry.path} is no file",
            got=entry.kind,
            remedy="replace it by the file, or take it away",
        )
    return SourceFile(plain_name(name), tree.uri(entry), entry.bytes, entry.modified)


def _nothing(tree: LocalFileSystem | Bucket, location: Location) -> Exception:
    """Says how far the path leads and what lies there."""
    folder = location.root
    if location.scheme == "s3" and not tree.look(folder):
        return no_bucket(location.written)
    for part in location.parts:
        entry = None if has_wildcard(part) else tree.look(_join(folder, part))
        if not entry:
            break
        folder = entry.path
    names = [entry.name for entry in tree.children(folder)]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return RefusedData(
        f"no file is at {location.written}",
        got=f"{folder} with {', '.join(names[:SHOWN]) or 'nothing in it'}{more}",
        allowed="a file whose name does not start with '.' or '_'",
        remedy="correct the path, or wait until the files are delivered",
    )
