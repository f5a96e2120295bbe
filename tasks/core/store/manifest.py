"""Manifests: what a folder of the store holds, made from what, with a digest for every file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any, Protocol

from tasks.core.cli.errors import Corrupt

NAME = "manifest.json"
SCHEMA = 1
DIGEST = re.compile("[0-9a-f]{64}")


class Source(Protocol):
    """Whatever fetches the folders of a store that lies elsewhere; see `mirror`."""

    def fetch(self, path: Path) -> Path: ...

    def uri(self, path: Path) -> str: ...


@dataclasses.dataclass
class Draft:
    """A folder being written. Put files under `path`; fill the rest; the store writes the manifest
    last.

    Attributes:
        counts: how much of what (`users`, `items`, `interactions`), whole numbers.
        facts: what a reader needs to know (dimension, split, metrics), JSON.
        lineage: code version, settings, seed and the URIs of the parents.
        sequence: of the folders of its place the how-many-th it is, from 1; 0 of a kind whose
            newest nobody asks for.
    """

    path: Path
    kind: str
    id: str
    sequence: int = 0
    counts: dict[str, Any] = dataclasses.field(default_factory=dict)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    lineage: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Artefact:
    """A complete folder of the store.

    Attributes:
        location: its folder, which of a mirror is there once `path` was asked for.
        created: seconds since 1970 by the clock of the machine that made it.
        sequence: as in `Draft`; 0 of one made before this was kept.
        mirror: of a store on S3: what fetches it.
    """

    location: Path
    kind: str
    id: str
    created: float
    files: dict[str, Any]
    counts: dict[str, Any]
    facts: dict[str, Any]
    lineage: dict[str, Any]
    sequence: int = 0
    mirror: Source | None = dataclasses.field(default=None, compare=False, repr=False)

    @property
    def order(self) -> tuple[int, float]:
        """The key that sorts folders of one place from the oldest to the newest, even if a clock
        was set back.
        """
        return self.sequence, self.created

    @property
    def path(self) -> Path:
        """The folder with its files, on this machine's disk."""
        return self.mirror.fetch(self.location) if self.mirror else self.location

    @property
    def uri(self) -> str:
        return self.mirror.uri(self.location) if self.mirror else self.location.as_uri()

    def file(self, name: str, verify: bool = True) -> Path:
        """A file of this folder, checked against the manifest's digest.

        Raises:
            Corrupt: absent, cut short or altered.
        """
        entry = self.files.get(name)
        if entry is None:
            raise Corrupt(
                f"{self.path} holds no {name}", allowed=f"one of {', '.join(sorted(self.files))}"
            )
        path = self.path / name
        if (
            not path.is_file()
            or path.stat().st_size != entry["bytes"]
            or (verify and sha256(path) != entry["sha256"])
        ):
            raise Corrupt(
                f"{path} is not the file its manifest describes",
                got="a missing, shortened or altered file",
                allowed=f"{entry['bytes']} bytes with sha256 {entry['sha256'][:12]}…",
                remedy="delete this folder and run the stage that makes it again",
            )
        return path

    def unlisted(self) -> list[str]:
        """Files that lie in the folder and that its manifest does not know: nobody can say whether
        they are what they should be.
        """
        found = (path for path in self.path.rglob("*") if path.is_file() or path.is_symlink())
        return sorted(
            name
            for path in found
            if (name := str(path.relative_to(self.path))) not in self.files and name != NAME
        )


def sha256(path: Path) -> str:
    """The digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(draft: Draft) -> None:
    """Digest and flush every file of the draft, then write its manifest."""
    files = {}
    for path in sorted(p for p in draft.path.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        files[str(path.relative_to(draft.path))] = {
            "bytes": path.stat().st_size,
            "sha256": sha256(path),
        }
    content = {
        "schema": SCHEMA,
        "kind": draft.kind,
        "id": draft.id,
        "created": time.time(),
        "sequence": draft.sequence,
        "files": files,
        "counts": draft.counts,
        "facts": draft.facts,
        "lineage": draft.lineage,
    }
    with (draft.path / NAME).open("w") as file:
        json.dump(content, file, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, text: str | None = None, mirror: Source | None = None) -> Artefact:
    """The artefact in a folder that has a manifest.

    Args:
        text: the manifest's, where it does not lie in the folder yet.

    Raises:
        Corrupt: the manifest cannot be read, or its schema is newer than this code.
    """
    try:
        content = json.loads((path / NAME).read_text() if text is None else text)
        _check(path / NAME, content)
        return Artefact(
            path,
            content["kind"],
            content["id"],
            content["created"],
            content["files"],
            content["counts"],
            content["facts"],
            content["lineage"],
            int(content.get("sequence", 0)),
            mirror,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Corrupt(
            f"{path / NAME} cannot be read ({error!r})",
            remedy="delete the folder and make it again",
        ) from None


def _check(path: Path, content: dict[str, Any]) -> None:
    """Refuse a newer schema, and files that are not of this folder."""
    if content["schema"] > SCHEMA:
        raise Corrupt(
            f"{path} was written by a newer version",
            got=f"schema {content['schema']}",
            allowed=f"schema {SCHEMA} or older",
            remedy="upgrade this reader",
        )
    for name, entry in content["files"].items():
        if (
            not inside(name)
            or not isinstance(entry["bytes"], int)
            or not DIGEST.fullmatch(entry["sha256"])
        ):
            raise ValueError(
                f"it names a file outside its folder, or says nothing of it: {name[:100]!r}"
            )


def inside(name: str) -> bool:
    """Whether a manifest's name of a file stays in its folder."""
    return (
        bool(name)
        and not name.startswith("/")
        and "\\" not in name
        and "\0" not in name
        and not {"", ".", ".."} & set(name.split("/"))
    )
