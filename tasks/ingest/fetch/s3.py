"""Buckets as places of deliveries: looked at, listed, read."""

from __future__ import annotations

import io
from functools import cached_property
from typing import TYPE_CHECKING

from tasks.core.store import s3
from tasks.ingest.fetch.local import Entry
from tasks.ingest.fetch.locations import is_hidden

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, S3FileSystem

READ_BYTES = 8 << 20  # each read is a request of its own


class Bucket:
    """All buckets that the credentials open; paths are `bucket/key`."""

    @cached_property
    def system(self) -> S3FileSystem:
        return s3.filesystem()

    def look(self, path: str) -> Entry | None:
        """What lies there; None when nothing does."""
        return _entry(s3.call(path, lambda: self.system.get_file_info(path)))

    def children(self, folder: str) -> list[Entry]:
        """What lies right below, by name; nothing when there is no such folder or bucket."""
        return self._list(folder, recursive=False)

    def below(self, folder: str) -> list[tuple[tuple[str, ...], Entry]]:
        """Everything below a folder that is not hidden, with its path from there."""
        named = [
            (tuple(entry.path[len(folder) + 1 :].split("/")), entry)
            for entry in self._list(folder, recursive=True)
        ]
        return [(names, entry) for names, entry in named if not any(map(is_hidden, names))]

    def _list(self, folder: str, recursive: bool) -> list[Entry]:
        from pyarrow.fs import FileSelector

        wanted = FileSelector(folder, allow_not_found=True, recursive=recursive)
        entries = s3.call(folder, lambda: self.system.get_file_info(wanted))
        return sorted(filter(None, map(_entry, entries)), key=lambda entry: entry.path)

    def uri(self, entry: Entry) -> str:
        return f"s3://{entry.path}"

    def open(self, path: str) -> io.BufferedReader:
        """An object for reading, with a look ahead."""
        raw = s3.call(path, lambda: self.system.open_input_file(path))
        return io.BufferedReader(_Raw(raw, path), READ_BYTES)


class _Raw(io.RawIOBase):
    """An object's bytes; a broken connection is reported as such, not as a damaged file."""

    def __init__(self, raw, path: str) -> None:
        self.raw, self.path = raw, path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return s3.call(self.path, lambda: self.raw.readinto(buffer))

    def close(self) -> None:
        if not self.closed:
            self.raw.close()
        super().close()


def _entry(info: FileInfo) -> Entry | None:
    from pyarrow.fs import FileType

    kind = {FileType.File: "file", FileType.Directory: "folder"}.get(info.type)
    return Entry(info.path.rstrip("/"), kind, info.size or 0, info.mtime_ns or 0) if kind else None
