"""The store: folders under one root that appear whole or not at all.

A folder is written beside its path under a name that starts with a dot, its manifest last, and is
moved there by one rename. A folder without `manifest.json` does not exist for any reader, and
whoever comes second to the same id finds it done. The root is a folder (`file:///srv/recall`) or a
prefix of a bucket (`s3://bucket/recall`), which is worked on in a copy (see `mirror`).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import ParseResult, unquote, urlparse

from tasks.core.cli.errors import BadRequest, Corrupt, Unreachable
from tasks.core.cli.log import say
from tasks.core.store.manifest import NAME, Artefact, Draft, read, write

PART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ORDERED_KINDS = (
    "snapshot",
    "delivery",
    "corrections",
    "graph",
)  # kinds of whose folders the newest is asked for
ROOT_FORMS = "file:///an/absolute/folder or s3://bucket/prefix"


def local_path(uri: str) -> Path:
    """The path behind a `file://` URI or a plain absolute path."""
    parsed = _parse_uri(uri)
    if (
        parsed is None
        or parsed.scheme not in ("", "file")
        or parsed.netloc not in ("", "localhost")
    ):
        raise BadRequest(
            "this place cannot be reached from here", got=uri, allowed="file:///an/absolute/folder"
        )
    path = Path(unquote(parsed.path, errors="surrogateescape"))
    if not path.is_absolute() or not _holds(path):
        raise BadRequest("not an absolute path", got=uri, allowed="file:///an/absolute/folder")
    return path


def _holds(path: Path) -> bool:
    """Whether a file system can hold such a path at all."""
    try:
        return (
            "\0" not in str(path)
            and all(len(os.fsencode(part)) < 256 for part in path.parts)
            and len(os.fsencode(path)) < 4096
        )
    except UnicodeEncodeError:
        return False


def _parse_uri(uri: str) -> ParseResult | None:
    try:
        return urlparse(uri)
    except ValueError:
        return None


class Store:
    """Folders under one root URI, addressed by parts: kind first (`snapshots`, `candidates`, …), id
    last.

    Attributes:
        root: the folder that is worked in.
        mirror: what fetches and uploads, for a root on S3.
    """

    def __init__(self, root: str) -> None:
        self.mirror = None
        if root.startswith("s3://"):
            from tasks.core.store.mirror import Mirror

            bucket, _, prefix = root[5:].rstrip("/").partition("/")
            if not BUCKET.fullmatch(bucket) or not all(
                PART_NAME.fullmatch(part) for part in prefix.split("/") if prefix
            ):
                raise BadRequest(
                    "not a place for a store",
                    got=root,
                    allowed=ROOT_FORMS,
                    remedy="correct RECALL_STORE",
                )
            self.mirror = Mirror(bucket, prefix)
        self.root = self.mirror.root if self.mirror else local_path(root).resolve()

    def path(self, *parts: str) -> Path:
        """The path of a folder; each part is letters, digits, dot, dash and underscore, so that
        none can climb out.
        """
        for part in parts:
            if not PART_NAME.fullmatch(str(part)):
                raise BadRequest(
                    "not a name the store can hold",
                    got=part,
                    allowed="up to 128 letters, digits, '.', '_', '-', starting with a letter "
                    "or digit",
                )
        return self.root.joinpath(*map(str, parts))

    def find(self, *parts: str) -> Artefact | None:
        """The complete folder of this path, if there is one."""
        return self._read(self.path(*parts))

    def uri(self, *parts: str) -> str:
        """The URI of a folder, whether it is there or not."""
        path = self.path(*parts)
        return self.mirror.uri(path) if self.mirror else path.as_uri()

    def _read(self, path: Path) -> Artefact | None:
        if self.mirror is None:
            return read(path) if (path / NAME).is_file() else None
        text = self.mirror.manifest(path)
        return None if text is None else read(path, text, self.mirror)

    def open(self, uri: str, kind: str) -> Artefact:
        """The complete folder of this kind behind a URI in this store.

        Raises:
            BadRequest: outside this store, absent, or another kind.
        """
        path = self.locate(uri)
        if path is None:
            raise BadRequest(
                f"this {kind} lies outside the store",
                got=uri,
                allowed=f"a folder under "
                f"{self.mirror.uri(self.root) if self.mirror else self.root}",
            )
        artefact = self._read(path)
        if artefact is None:
            raise BadRequest(
                f"there is no complete {kind} here",
                got=uri,
                remedy="run the stage that makes it, then this one",
            )
        if artefact.kind != kind:
            raise BadRequest(f"this is not a {kind}", got=f"{uri}, a {artefact.kind}")
        return artefact

    def locate(self, uri: str) -> Path | None:
        """The path behind a URI; None where it is none of this store's."""
        if self.mirror is None:
            path = local_path(uri).resolve()
            return path if path.is_relative_to(self.root) else None
        root = f"{self.mirror.uri(self.root)}/"
        parts = uri.removeprefix(root).split("/")
        return (
            self.path(*parts)
            if uri.startswith(root) and all(map(PART_NAME.fullmatch, parts))
            else None
        )

    def children(self, *parts: str) -> list[Artefact]:
        """The complete folders right below a path, by name."""
        folder = self.path(*parts)
        if self.mirror:
            folders = [folder / name for name in self.names(*parts)]
            return [
                read(one, text, self.mirror)
                for one, text in zip(folders, self.mirror.manifests(folders), strict=True)
                if text is not None
            ]
        if not folder.is_dir():
            return []
        return [
            read(path)
            for path in sorted(folder.iterdir())
            if not path.name.startswith(".") and (path / NAME).is_file()
        ]

    def newest(self, *parts: str) -> Artefact | None:
        """The complete folder right below a path that was made last, if there is one."""
        return max(self.children(*parts), key=lambda artefact: artefact.order, default=None)

    def _next(self, *parts: str) -> int:
        """The sequence of whatever comes next to a path; what cannot be read there counts for
        nothing.
        """
        found = 0
        for name in self.names(*parts):
            with contextlib.suppress(Corrupt):
                found = max(found, one.sequence if (one := self.find(*parts, name)) else 0)
        return found + 1

    def names(self, *parts: str) -> list[str]:
        """The names of the folders right below a path, complete or not, in order."""
        folder = self.path(*parts)
        if self.mirror:
            return sorted(name for name in self.mirror.names(folder) if PART_NAME.fullmatch(name))
        return (
            sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
            if folder.is_dir()
            else []
        )

    def below(self, *parts: str) -> tuple[list[Path], list[tuple[Path, float, int]]]:
        """All that lies below a path: the complete folders, and the files in none of them with the
        time they were written and their bytes.
        """
        folder = self.path(*parts)
        found = (
            self.mirror.files(folder)
            if self.mirror
            else [
                (path, path.stat().st_mtime, path.stat().st_size)
                for path in folder.rglob("*")
                if path.is_file()
            ]
        )
        whole = {
            path.parent
            for path, _, _ in found
            if path.name == NAME
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        }
        return sorted(whole), sorted(one for one in found if whole.isdisjoint(one[0].parents))

    def remove(self, path: Path) -> None:
        """Delete a folder, its manifest first: from then on it does not exist, whatever ends this
        process; or a file.
        """
        if self.mirror:
            self.mirror.remove(path)
        if path.is_dir():
            (path / NAME).unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def writing(self, kind: str, *parts: str) -> Iterator[Draft]:
        """A draft of the folder of this path; it is committed when the block ends well, and gone
        when it does not.
        """
        folder = self.path(*parts)
        making = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
        try:
            making.mkdir(parents=True)
            draft = Draft(making, kind, folder.name)
            yield draft
            draft.sequence = self._next(*parts[:-1]) if kind in ORDERED_KINDS else 0
            write(draft)
            if self.mirror:
                self.mirror.put(making, folder)
            self._commit(making, folder)
        except OSError as error:
            if error.errno in (28, 122, 30, 5):  # no space, quota, read-only, input/output
                raise Unreachable(
                    f"the store cannot be written ({error.strerror})",
                    got=str(folder),
                    remedy="free space or mount the store again; nothing half-written is left",
                ) from error
            raise
        finally:
            shutil.rmtree(making, ignore_errors=True)

    @contextlib.contextmanager
    def alone(self, *parts: str) -> Iterator[None]:
        """Inside the block nobody else on this machine makes this folder: whoever comes second
        waits, and then looks whether it is there.

        The lock goes with its process.
        """
        lock = self.path(*parts).with_name(f".{parts[-1]}.lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with lock.open("w") as held:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    say("waiting for somebody who makes the same")
                    fcntl.flock(held, fcntl.LOCK_EX)
                if not _is_at(lock, held.fileno()):
                    continue  # who had it has removed it, and somebody else may hold a new one
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
                return

    def document(self, name: str, *parts: str) -> dict[str, Any] | None:
        """A single JSON document right below a path, if there is one: of the few things that
        change.

        Raises:
            Corrupt: it cannot be read.
        """
        path = self.path(*parts, f"{name}.json")
        try:
            text = self.mirror.read(path) if self.mirror else path.read_text()
            return None if text is None else json.loads(text)
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise Corrupt(
                f"{path} cannot be read ({error})", remedy="see what it holds, then delete it"
            ) from None

    def documents(self, *parts: str) -> list[str]:
        """The names of the documents right below a path."""
        folder = self.path(*parts)
        names = (
            self.mirror.documents(folder)
            if self.mirror
            else [path.name for path in folder.glob("*.json")]
        )
        return sorted(
            name.removesuffix(".json")
            for name in names
            if name.endswith(".json") and not name.startswith(".")
        )

    def keep(self, content: dict[str, Any], name: str, *parts: str) -> None:
        """Write a document, whole or not at all; one of that name is replaced."""
        path = self.path(*parts, f"{name}.json")
        if self.mirror:
            return self.mirror.write(path, as_json(content).encode())
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, content)

    def forget(self, name: str, *parts: str) -> None:
        """Remove a document, if it is there."""
        path = self.path(*parts, f"{name}.json")
        self.mirror.delete(path) if self.mirror else path.unlink(missing_ok=True)

    @staticmethod
    def _commit(making: Path, folder: Path) -> None:
        while True:
            try:
                making.rename(folder)
                break
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise
            if (folder / NAME).is_file():  # somebody else finished the same work first
                return
            gone = folder.with_name(
                f".{folder.name}.{uuid.uuid4().hex[:8]}"
            )  # what is left of a folder; moved in one step, as others may do the same
            with contextlib.suppress(FileNotFoundError):
                folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True) if gone.is_dir() else gone.unlink(
                missing_ok=True
            )
        descriptor = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether what was opened still lies there."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def write_json(path: Path, content: object) -> None:
    """Write JSON a person can read, whole or not at all."""
    making = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    making.write_text(as_json(content))
    os.replace(making, path)


def as_json(content: object) -> str:
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
