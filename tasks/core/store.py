"""The store: folders under one root that appear whole or not at all.

A folder is written beside its place under a name that starts with a dot, its manifest last, and is moved there by one
rename. A folder without `manifest.json` does not exist for any reader, and whoever comes second to the same id finds it done.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

from tasks.core.errors import BadRequest, Unreachable
from tasks.core.manifest import NAME, Artefact, Draft, read, write

PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def local_path(uri: str) -> Path:
    """The path behind a `file://` URI or a plain absolute path."""
    parsed = urlparse(uri)
    if parsed.scheme not in ("", "file") or parsed.netloc not in ("", "localhost"):
        raise BadRequest("this place cannot be reached from here", got=uri, allowed="file:///an/absolute/folder",
                         remedy="set RECALL_STORE to a file:// URI")
    path = Path(unquote(parsed.path))
    if not path.is_absolute():
        raise BadRequest("a store needs an absolute path", got=uri, allowed="file:///an/absolute/folder")
    return path


class Store:
    """Folders under one root URI, addressed by parts: kind first (`snapshots`, `candidates`, …), id last."""

    def __init__(self, root: str) -> None:
        self.root = local_path(root).resolve()

    def path(self, *parts: str) -> Path:
        """The place of a folder; each part is letters, digits, dot, dash and underscore, so that none can climb out."""
        for part in parts:
            if not PART.fullmatch(str(part)):
                raise BadRequest("not a name the store can hold", got=part,
                                 allowed="up to 128 letters, digits, '.', '_', '-', starting with a letter or digit")
        return self.root.joinpath(*map(str, parts))

    def find(self, *parts: str) -> Artefact | None:
        """The complete folder at this place, if there is one."""
        path = self.path(*parts)
        return read(path) if (path / NAME).is_file() else None

    def open(self, uri: str, kind: str) -> Artefact:
        """The complete folder of this kind behind a URI in this store.

        Raises:
            BadRequest: outside this store, absent, or another kind.
        """
        path = local_path(uri).resolve()
        if not path.is_relative_to(self.root):
            raise BadRequest(f"this {kind} lies outside the store", got=uri, allowed=f"a folder under {self.root}")
        if not (path / NAME).is_file():
            raise BadRequest(f"there is no complete {kind} here", got=uri, remedy="run the stage that makes it, then this one")
        artefact = read(path)
        if artefact.kind != kind:
            raise BadRequest(f"this is not a {kind}", got=f"{uri}, a {artefact.kind}")
        return artefact

    def children(self, *parts: str) -> list[Artefact]:
        """The complete folders right below a place, by name."""
        place = self.path(*parts)
        if not place.is_dir():
            return []
        return [read(path) for path in sorted(place.iterdir()) if not path.name.startswith(".") and (path / NAME).is_file()]

    def newest(self, *parts: str) -> Artefact | None:
        """The complete folder right below a place that was made last, if there is one."""
        return max(self.children(*parts), key=lambda artefact: artefact.created, default=None)

    def names(self, *parts: str) -> list[str]:
        """The names of the folders right below a place, complete or not, in order."""
        place = self.path(*parts)
        return sorted(p.name for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")) if place.is_dir() else []

    @contextlib.contextmanager
    def writing(self, kind: str, *parts: str) -> Iterator[Draft]:
        """A draft of the folder at this place; it is committed when the block ends well, and gone when it does not."""
        place = self.path(*parts)
        making = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}")
        try:
            making.mkdir(parents=True)
            draft = Draft(making, kind, place.name)
            yield draft
            write(draft)
            self._commit(making, place)
        except OSError as error:
            if error.errno in (28, 122, 30, 5):  # no space, quota, read-only, input/output
                raise Unreachable(f"the store cannot be written ({error.strerror})", got=str(place),
                                  remedy="free space or mount the store again; nothing half-written is left") from error
            raise
        finally:
            shutil.rmtree(making, ignore_errors=True)

    @staticmethod
    def _commit(making: Path, place: Path) -> None:
        try:
            making.rename(place)
        except OSError:
            if (place / NAME).is_file():  # somebody else finished the same work first
                return
            shutil.rmtree(place, ignore_errors=True)
            making.rename(place)
        descriptor = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_json(path: Path, content: object) -> None:
    """Write JSON a person can read, whole or not at all."""
    making = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    making.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")
    os.replace(making, path)
