"""Buckets, read through pyarrow. Keys and region come as usual: AWS_*, a profile, a role."""

from __future__ import annotations

import io
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from tasks.core.errors import BadRequest, RecallError, Unreachable
from tasks.ingest.landing.places import hidden
from tasks.ingest.landing.tree import Entry

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, S3FileSystem

READ_BYTES = 8 << 20  # each read is a request of its own
TRIES, CONNECT_SECONDS = 3, 5
DENIED = {"ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_SIGNATURE", "EXPIRED_TOKEN",
          "INVALID_TOKEN", "INVALID_CLIENT_TOKEN_ID", "UNRECOGNIZED_CLIENT", "MISSING_AUTHENTICATION_TOKEN",
          "HTTP 401", "HTTP 403"}
ELSEWHERE = {"HTTP 301", "HTTP 307", "HTTP 400", "AUTHORIZATION_HEADER_MALFORMED", "PERMANENT_REDIRECT"}


class Bucket:
    """All buckets that the credentials open; paths are `bucket/key`."""

    @cached_property
    def system(self) -> "S3FileSystem":
        from pyarrow import fs

        return fs.S3FileSystem(endpoint_override=_endpoint(), region=_region(), connect_timeout=CONNECT_SECONDS,
                               retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES))

    def look(self, path: str) -> Entry | None:
        """What lies there; None when nothing does."""
        return _entry(self._ask(path, lambda: self.system.get_file_info(path)))

    def children(self, folder: str) -> list[Entry]:
        """What lies right below, by name; nothing when there is no such folder or bucket."""
        return self._list(folder, recursive=False)

    def below(self, folder: str) -> list[tuple[tuple[str, ...], Entry]]:
        """Everything below a folder that is not hidden, with its path from there."""
        named = [(tuple(entry.path[len(folder) + 1:].split("/")), entry) for entry in self._list(folder, recursive=True)]
        return [(names, entry) for names, entry in named if not any(map(hidden, names))]

    def _list(self, folder: str, recursive: bool) -> list[Entry]:
        from pyarrow.fs import FileSelector

        wanted = FileSelector(folder, allow_not_found=True, recursive=recursive)
        told = self._ask(folder, lambda: self.system.get_file_info(wanted))
        return sorted(filter(None, map(_entry, told)), key=lambda entry: entry.path)

    def uri(self, entry: Entry) -> str:
        return f"s3://{entry.path}"

    def open(self, path: str) -> io.BufferedReader:
        """An object for reading, with a look ahead."""
        raw = self._ask(path, lambda: self.system.open_input_file(path))
        return io.BufferedReader(_Raw(raw, path), READ_BYTES)

    @staticmethod
    def _ask(path: str, what):
        try:
            return what()
        except OSError as error:
            raise refused(error, path) from error


class _Raw(io.RawIOBase):
    """An object's bytes; a connection that breaks is told as such, not as a damaged file."""

    def __init__(self, raw, path: str) -> None:
        self.raw, self.path = raw, path

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return Bucket._ask(self.path, lambda: self.raw.readinto(buffer))

    def close(self) -> None:
        if not self.closed:
            self.raw.close()
        super().close()


def _entry(info: "FileInfo") -> Entry | None:
    from pyarrow.fs import FileType

    kind = {FileType.File: "file", FileType.Directory: "folder"}.get(info.type)
    return Entry(info.path.rstrip("/"), kind, info.size or 0, info.mtime_ns or 0) if kind else None


def refused(error: OSError, path: str) -> RecallError:
    """What a failed request means. The service's code is told, never its whole answer, which may hold what was signed."""
    code, place = _code(str(error)), f"s3://{path}"
    if code in DENIED:
        return BadRequest(f"the object store refuses access ({code})", got=place,
                          remedy="check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN or the role of this machine, "
                                 "and that it may list the bucket and read its objects")
    if isinstance(error, FileNotFoundError):
        return Unreachable("this object is gone since it was listed", got=place, remedy="run it again")
    if code == "VALIDATION":
        return BadRequest("the address of the object store is none", got=_shown(), allowed="AWS_ENDPOINT_URL=https://host:port")
    if code == "NO_SUCH_BUCKET":
        return no_bucket(place)
    if code in ELSEWHERE:
        return BadRequest(f"the bucket is not in this region ({code})", got=f"{place}, AWS_REGION={_region()!r}",
                          remedy="set AWS_REGION to the bucket's region, and AWS_ENDPOINT_URL if it is not at AWS")
    return Unreachable(f"the object store does not answer ({code})", got=f"{place} at {_shown()}",
                       remedy="check AWS_ENDPOINT_URL and the network, then run it again")


def no_bucket(place: str) -> BadRequest:
    """For a bucket that the object store does not have."""
    return BadRequest("there is no such bucket", got=place, remedy="correct the path, or set AWS_ENDPOINT_URL to the store that has it")


def _code(text: str) -> str:
    named, status = re.search(r"AWS Error ([A-Z_]+)", text), re.search(r"HTTP status (\d{3})", text)
    if named and named[1] != "UNKNOWN":
        return named[1]
    return f"HTTP {status[1]}" if status else "no code"


def _region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _shown() -> str:
    """The address asked, without a user or a password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//", _endpoint() or "AWS")
