"""Found files become plain local files, several at a time."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Literal

from tasks.core.cli.errors import RefusedData, Unreachable
from tasks.core.cli.log import log
from tasks.ingest.fetch import packing, unpack
from tasks.ingest.fetch.files import Limits, LocalFile, SourceFile
from tasks.ingest.fetch.find import tree_of
from tasks.ingest.fetch.fingerprint import Fingerprint
from tasks.ingest.fetch.local import LocalFileSystem
from tasks.ingest.fetch.s3 import Bucket
from tasks.ingest.fetch.unpack_budget import Budget, require_free_space

THREADS = min(4, os.cpu_count() or 1)  # digests and decompression leave Python's lock to others
FULL = (28, 122, 30, 5)  # no space, quota, read-only, input/output
# Spark reads paths as globs, skips names that start with a dot or an underscore, and unpacks by the
# name's end.
EASY = re.compile(r"/(?:[A-Za-z0-9._=@+-]+/)*[A-Za-z0-9][A-Za-z0-9._=@+-]*")
ENDS = (".gz", ".zst", ".zstd", ".bz2", ".snappy", ".lz4", ".deflate", ".xz", ".lzo")


def fetch_files(
    found: list[SourceFile], kind: Literal["lines", "parquet"], scratch: Path, limits: Limits
) -> list[LocalFile]:
    """Make plain local files of source files, by name.

    A zip is read like a folder: each file in it is one of the table's. Empty files, which
    parallel writers leave, are passed over unless there are no others.

    Args:
        scratch: unpacked and fetched files go into a new folder in it, which must outlive their
            use. When anything is refused, nothing is left there.

    Raises:
        RefusedData: all are empty; one is damaged, encrypted, packed twice, too big, or not of this
            kind.
        Unreachable: a disk is full, or a source went away or changed while it was read.
    """
    with _scratch(scratch) as folder:
        trees, budget = {scheme: tree_of(scheme) for scheme in ("file", "s3")}, Budget(limits)
        works = [
            _Landing(one, kind, folder / f"{nth:06d}", budget, trees)
            for nth, one in enumerate(found)
        ]
        landed = sorted(_together(works, budget), key=lambda one: one.name)
        if found and not landed:
            raise _empty([name for work in works for name in work.empty])
        return landed


def _together(landings: list[_Landing], budget: Budget) -> list[LocalFile]:
    """The first that is refused stops the others."""
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            works = [pool.submit(landing.all) for landing in landings]
            ready, _ = wait(works, return_when=FIRST_EXCEPTION)
            return [one for work in works if work in ready for one in work.result()]
        finally:
            budget.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _scratch(scratch: Path) -> Iterator[Path]:
    """A new folder in `scratch`, removed if the block fails.

    Errors of reading are named before they come here, so a full disk is that of the folder.
    """
    folder = None
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="landed-", dir=scratch))
        yield folder
    except BaseException as error:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise Unreachable(
                f"the scratch folder cannot be written ({error.strerror})",
                got=str(scratch),
                remedy="free space or mount the disk again; nothing half-written is left",
            ) from error
        raise


class _Landing:
    """One file on its way; what it writes is named `<target>` and `<target>-<nth member>`."""

    def __init__(
        self,
        found: SourceFile,
        kind: str,
        target: Path,
        budget: Budget,
        trees: dict[str, LocalFileSystem | Bucket],
    ) -> None:
        self.found, self.kind, self.target, self.budget = found, kind, target, budget
        self.away, self.path = found.uri.startswith("s3://"), found.uri.removeprefix("s3://")
        self.tree = trees["s3" if self.away else "file"]
        self.empty: list[str] = []

    def all(self) -> list[LocalFile]:
        """The file, or those inside it."""
        landed = []
        if self.found.bytes:
            with self.tree.open(self.path) as file:
                landed = self._land(file)
        else:
            self._passed_over(self.found.name)
        now = self.tree.look(self.path)
        if now is None or (now.bytes, now.modified) != (self.found.bytes, self.found.modified):
            raise Unreachable(
                f"{self.found.name} changed while it was read",
                got=self.found.uri,
                remedy="write files under a name that starts with '.' or '_', and rename them "
                "when complete",
            )
        return landed

    def _land(self, file: io.BufferedReader) -> list[LocalFile]:
        with unpack.naming_damage(self.found.name, None):
            how = packing.detect_packing(file.peek(packing.HEAD_BYTES))
        if how == "zip":
            return self._members(file)
        target = self.target if how or self.away else None
        kept = self._keep(
            self.found.name,
            unpack.unpack_blocks(self.found.name, how, file),
            target,
            how is not None,
        )
        return [kept] if kept else []

    def _members(self, file: io.BufferedReader) -> list[LocalFile]:
        if not self.away:
            return self._inside(file)
        fetched = self.target.with_suffix(".zip")  # a zip is read from its end
        with _writing(fetched) as write:
            for block in unpack.unpack_blocks(self.found.name, None, file):
                self.budget.fetch(self.found.name, self.found.bytes)
                write(block)
        try:
            with fetched.open("rb") as local:
                return self._inside(local)
        finally:
            fetched.unlink()

    def _inside(self, file: io.BufferedReader) -> list[LocalFile]:
        landed, out = [], 0
        for nth, (name, source) in enumerate(unpack.members(self.found.name, file)):
            if kept := self._keep(
                name, source, self.target.with_name(f"{self.target.name}-{nth:06d}"), True, out
            ):
                landed.append(kept)
                out += kept.bytes
        return landed

    def _keep(
        self, name: str, source: Iterator[bytes], target: Path | None, packed: bool, before: int = 0
    ) -> LocalFile | None:
        """Check, count and, with a target, write plain bytes in one pass; None if none."""
        tally, one_value = Fingerprint(lines=self.kind == "lines"), False
        with _writing(target) as write:
            for block in source:
                if not tally.bytes:
                    packing.check_content(name, block[: packing.HEAD_BYTES], self.kind)
                    one_value = packing.is_json_array(block)
                tally.add(block)
                self.budget.take(
                    name, len(block), before + tally.bytes, self.found.bytes if packed else None
                )
                if not one_value:
                    self.budget.line(name, tally.longest, tally.longest_line)
                write(block)
        if not tally.bytes:
            self._passed_over(name)
            return None
        path = target or self._in_place()
        rows = tally.rows if self.kind == "lines" else _footer(name, path)
        return LocalFile(
            name,
            path,
            tally.bytes,
            tally.sha256,
            rows,
            tally.longest,
            tally.printable,
            tally.quotes,
            tally.escapes,
            tally.tabs,
            tally.unbalanced,
        )

    def _passed_over(self, name: str) -> None:
        self.empty.append(name)
        log("ingest.empty_file", file=name)

    def _in_place(self) -> Path:
        """The file where it is, or a link to it if Spark would misread its path."""
        if EASY.fullmatch(self.path) and not self.path.lower().endswith(ENDS):
            return Path(self.path)
        self.target.symlink_to(self.path)
        return self.target


@contextlib.contextmanager
def _writing(target: Path | None) -> Iterator[Callable[[bytes], object]]:
    """A function that writes a block to the target, if there is one."""
    if target is None:
        yield lambda block: None
        return
    with target.open("xb") as copy:

        def write(block: bytes) -> None:
            require_free_space(target.parent, len(block))
            copy.write(block)

        yield write


def _footer(name: str, path: Path) -> int:
    """The rows of a Parquet file."""
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_metadata(path).num_rows
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RefusedData(
            f"{name} is no Parquet file that can be read",
            got=reason,
            remedy="export it without encryption"
            if "crypt" in reason
            else "deliver the file again: compare its size and digest",
        ) from error


def _empty(names: list[str]) -> RefusedData:
    others = ""
    if len(names) == 2:
        others = ", and so is the other file"
    elif len(names) > 2:
        others = f", and so are the {len(names) - 1} other files"
    return RefusedData(
        f"{names[0]} is empty{others}",
        got="0 bytes",
        remedy="deliver the file again, or take it away if there is nothing to deliver",
    )
