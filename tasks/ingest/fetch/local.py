"""Folders of this machine, listed. A bucket is listed alike, see `s3`."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.core.cli.errors import BadRequest, RecallError, Unreachable
from tasks.ingest.fetch.locations import is_hidden

READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Entry:
    """An entry of a folder; `kind` is "file", "folder", or in words what else it is."""

    path: str
    kind: str
    bytes: int
    modified: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class LocalFileSystem:
    """The file system of this machine."""

    def look(self, path: str) -> Entry | None:
        """What lies there, links followed; None when nothing does."""
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return Entry(path, "a link to nothing", 0, 0) if os.path.islink(path) else None
        except OSError as error:
            raise read_error(error, path) from error
        kind = (
            "folder"
            if stat.S_ISDIR(status.st_mode)
            else "file"
            if stat.S_ISREG(status.st_mode)
            else "neither a file nor a folder"
        )
        return Entry(path, kind, status.st_size, status.st_mtime_ns)

    def children(self, folder: str) -> list[Entry]:
        """What a folder holds, by name; nothing when there is no such folder."""
        try:
            names = sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise read_error(error, folder) from error
        found = (self.look(os.path.join(folder, name)) for name in names)
        return [entry for entry in found if entry]

    def below(self, folder: str) -> list[tuple[tuple[str, ...], Entry]]:
        """Everything below a folder that is not hidden, with its path from there."""
        return list(self._below(folder, (), ()))

    def _below(
        self, folder: str, names: tuple, inside: tuple
    ) -> Iterator[tuple[tuple[str, ...], Entry]]:
        inside = (*inside, os.path.realpath(folder))
        for entry in self.children(folder):
            if not is_hidden(entry.name):
                path = (*names, entry.name)
                yield path, entry
                if (
                    entry.kind == "folder" and os.path.realpath(entry.path) not in inside
                ):  # a link upwards would never end
                    yield from self._below(entry.path, path, inside)

    def uri(self, entry: Entry) -> str:
        return entry.path

    def open(self, path: str) -> io.BufferedReader:
        """A file for reading, with a look ahead."""
        try:
            return io.BufferedReader(io.FileIO(path), READ_BYTES)
        except OSError as error:
            raise read_error(error, path) from error


def read_error(error: OSError, path: str) -> RecallError:
    """The error for a failure to read: a bad request if it will stay so, else unreachable."""
    if isinstance(error, PermissionError):
        return BadRequest(
            "this may not be read", got=path, remedy="let the user that runs ingestion read it"
        )
    if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
        return BadRequest(
            f"this path leads nowhere ({error.strerror})",
            got=path,
            remedy="correct the path or the link",
        )
    return Unreachable(
        f"this cannot be read ({error.strerror or error})",
        got=path,
        remedy="look whether the disk is mounted and the file still there, then run it again",
    )
