"""A store on S3 and its copy on this machine: stages work on files, and files come and go as whole
folders.

    s3://bucket/prefix/snapshots/…/<id>/…   what counts. The manifest is uploaded last, so a folder
                                            without it does not exist
    <scratch>/<digest of the URI>/…         the same tree: what was made or asked for here. May be
                                            deleted at any time

A folder that is there already is taken only while the store's manifest is still, byte for byte, the
one it came with.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.core.cli.errors import BadRequest, Corrupt
from tasks.core.store import s3
from tasks.core.store.manifest import NAME, inside

PARALLEL_REQUESTS = 8  # requests
SCRATCH_DAYS_VARIABLE = "RECALL_SCRATCH_DAYS"


class Mirror:
    """One store on S3.

    Args:
        bucket, prefix: where it is; the prefix without a slash at its ends, possibly empty.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        self.remote = f"{bucket}/{prefix}".rstrip("/")
        scratch = Path(
            os.environ.get("RECALL_SCRATCH")
            or Path(tempfile.gettempdir()) / f"recall-{os.getuid()}"
        )
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        if scratch.stat().st_uid != os.getuid() and "RECALL_SCRATCH" not in os.environ:
            raise BadRequest(
                "somebody else has made the folder of the mirror",
                got=str(scratch),
                remedy="set RECALL_SCRATCH to a folder of your own",
            )
        self.root = scratch.resolve() / hashlib.sha256(self.remote.encode()).hexdigest()[:16]
        self.root.mkdir(mode=0o700, exist_ok=True)
        self._manifests: dict[Path, str] = {}
        self._forget()

    def uri(self, path: Path) -> str:
        """The URI of a path of the tree."""
        return f"s3://{self._key(path)}"

    def _key(self, path: Path) -> str:
        inside = path.relative_to(self.root).as_posix()
        return self.remote if inside == "." else f"{self.remote}/{inside}"

    def manifest(self, path: Path) -> str | None:
        """The text of a folder's manifest in the store; None where there is no such folder."""
        text = self.read(path / NAME)
        if text is None:
            self._manifests.pop(path, None)
        else:
            self._manifests[path] = text
        return text

    def manifests(self, paths: list[Path]) -> list[str | None]:
        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            return list(pool.map(self.manifest, paths))

    def names(self, folder: Path) -> list[str]:
        """The names of folders directly below a folder."""
        return [
            PurePosixPath(info.path).name
            for info in self._listed(folder)
            if info.type.name == "Directory"
        ]

    def documents(self, folder: Path) -> list[str]:
        """The names of single objects directly below a folder."""
        return [
            PurePosixPath(info.path).name
            for info in self._listed(folder)
            if info.type.name == "File"
        ]

    def _listed(self, path: Path) -> list[Any]:
        from pyarrow.fs import FileSelector

        key = self._key(path)
        return s3.call(
            key, lambda: s3.filesystem().get_file_info(FileSelector(key, allow_not_found=True))
        )

    def read(self, path: Path) -> str | None:
        """One object as text; None where it is not."""
        key = self._key(path)

        def ask() -> str | None:
            try:
                with s3.filesystem().open_input_stream(key) as stream:
                    return stream.read().decode()
            except FileNotFoundError:
                return None

        return s3.call(key, ask)

    def write(self, path: Path, content: bytes) -> None:
        """One object, whole or not at all."""
        key = self._key(path)

        def ask() -> None:
            with s3.filesystem().open_output_stream(key) as stream:
                stream.write(content)

        s3.call(key, ask)

    def delete(self, path: Path) -> None:
        """Remove one object; nothing where it is not."""
        with contextlib.suppress(FileNotFoundError):
            s3.filesystem().delete_file(self._key(path))

    def files(self, folder: Path) -> list[tuple[Path, float, int]]:
        """Every object below a folder, with the time it was written and its bytes; not those whose
        key, as a path, leads elsewhere.
        """
        from pyarrow.fs import FileSelector

        key = self._key(folder)
        found = s3.call(
            key,
            lambda: s3.filesystem().get_file_info(
                FileSelector(key, allow_not_found=True, recursive=True)
            ),
        )
        return [
            (folder / name, info.mtime.timestamp(), info.size)
            for info in found
            if info.type.name == "File" and inside(name := info.path.removeprefix(f"{key}/"))
        ]

    def remove(self, path: Path) -> None:
        """Delete a folder's objects, the manifest first, or one object."""
        key = self._key(path)
        self.delete(path / NAME)
        kind = s3.call(key, lambda: s3.filesystem().get_file_info(key)).type.name
        if kind == "Directory":
            s3.call(key, lambda: s3.filesystem().delete_dir(key))
        elif kind == "File":
            self.delete(path)

    def fetch(self, path: Path) -> Path:
        """The folder of this path with its files, as its manifest was last seen.

        Raises:
            Corrupt: a file is missing in the store, or not of the size that the manifest says.
        """
        text = self._manifests[path]
        if _text(path) == text:
            os.utime(path / NAME)
            return path
        making = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        try:
            files = [(name, entry["bytes"]) for name, entry in json.loads(text)["files"].items()]
            with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
                list(pool.map(lambda file: self._fetch(path, making, *file), files))
            (making / NAME).parent.mkdir(parents=True, exist_ok=True)
            (making / NAME).write_text(text)
            if _text(path) != text:
                shutil.rmtree(path, ignore_errors=True)
                with contextlib.suppress(OSError):  # somebody else has just fetched it
                    making.rename(path)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return path

    def _fetch(self, path: Path, making: Path, name: str, size: int) -> None:
        from pyarrow.fs import LocalFileSystem, copy_files

        target, key = making / name, f"{self._key(path)}/{name}"
        target.parent.mkdir(parents=True, exist_ok=True)

        def ask() -> None:
            with contextlib.suppress(FileNotFoundError):
                copy_files(key, str(target), s3.filesystem(), LocalFileSystem())

        s3.call(key, ask)
        if not target.is_file() or target.stat().st_size != size:
            raise Corrupt(
                f"s3://{key} is not the file its manifest describes",
                got="a missing, shortened or altered file",
                allowed=f"{size} bytes",
                remedy="delete this folder in the store and run the stage that makes it again",
            )

    def put(self, folder: Path, target: Path) -> None:
        """Upload a finished folder to its path, the manifest last; nothing where the path is
        taken: who came first stays.
        """
        if self.manifest(target) is not None:
            return
        files = [path for path in folder.rglob("*") if path.is_file() and path.name != NAME]
        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            list(
                pool.map(
                    lambda path: self._put(
                        path, f"{self._key(target)}/{path.relative_to(folder).as_posix()}"
                    ),
                    files,
                )
            )
        self._put(folder / NAME, f"{self._key(target)}/{NAME}")

    @staticmethod
    def _put(path: Path, key: str) -> None:
        from pyarrow.fs import LocalFileSystem, copy_files

        s3.call(key, lambda: copy_files(str(path), key, LocalFileSystem(), s3.filesystem()))

    def _forget(self) -> None:
        """Remove from the mirror what nobody has used for days; once an hour, by whoever comes."""
        mark, kept = self.root / ".swept", 86400 * float(os.environ.get(SCRATCH_DAYS_VARIABLE) or 7)
        if mark.exists() and time.time() - mark.stat().st_mtime < 3600:
            return
        mark.touch()
        for folder, _, names in os.walk(self.root):  # which does not mind what goes away meanwhile
            with contextlib.suppress(OSError):
                if NAME in names and time.time() - os.stat(f"{folder}/{NAME}").st_mtime > kept:
                    os.unlink(f"{folder}/{NAME}")  # first: a folder without it is nobody's
                    shutil.rmtree(folder, ignore_errors=True)


def _text(path: Path) -> str | None:
    try:
        return (path / NAME).read_text()
    except OSError:
        return None
