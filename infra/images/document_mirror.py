"""`python -m infra.images.document_mirror s3://bucket/prefix /papers`: documents of a store in a
bucket, as a folder that the console reads.

Manifests, JSON documents and pages of all complete folders, no vectors and no rows; kept as they
are in the store, down to what was deleted there. Runs until it is stopped. The store or the disk
being unreachable is reported and waited for; what is here stays meanwhile.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import time
from collections.abc import Container
from pathlib import Path

from tasks.core.cli.errors import RecallError
from tasks.core.cli.printable import printable
from tasks.core.store.manifest import NAME
from tasks.core.store.mirror import Mirror
from tasks.core.store.store import Store

KINDS = ("audit", "verdicts", "snapshots", "quarantine", "refused", "generations")
SUFFIXES, LARGEST = (
    (".json", ".html"),
    8 * 2**20,
)  # bytes; the page of a verdict has some hundred thousand
DONE = ".copied"  # touched after every round
NO_NAME = (
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
)  # a key of the bucket that no file can have here


def copy(store: Store, target: Path, left_out: set[Path] | None = None) -> tuple[int, int]:
    """Bring `target` to what the store holds now.

    Args:
        left_out: documents that were reported as left out already, as no file here can hold them;
            those found now are added.

    Returns:
        How many files came and went.
    """
    left_out = set() if left_out is None else left_out
    mirror = store.mirror
    assert mirror is not None, "the store is a bucket"
    wanted = _list_documents(store, mirror)
    come = sorted(
        (name for name, (_, written) in wanted.items() if _modified_at(target / name) != written),
        key=lambda name: (name.name == NAME, name),
    )
    for name in come:  # manifests last: a folder without one does not exist
        path, written = wanted[name]
        try:
            if (text := mirror.read(path)) is not None:
                _write(target / name, text, written)
        except (UnicodeDecodeError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in NO_NAME:
                raise
            if name not in left_out:
                _tell(f"left out {printable(str(name))[:300]}: {error!r:.200}")
            left_out.add(name)
    return len(come) - len(left_out.intersection(come)), _remove_others(target, wanted)


def _list_documents(store: Store, mirror: Mirror) -> dict[Path, tuple[Path, float]]:
    """Name in the folder → path in the store and when it was written."""
    wanted: dict[Path, tuple[Path, float]] = {}
    for kind in KINDS:
        files = mirror.files(store.path(kind))
        complete = {path.parent for path, _, _ in files if path.name == NAME}
        for path, written, size in files:
            # The few documents that change have no manifest: they lie right below a family.
            document = path.parent.parent == store.path(kind)
            if (
                path.suffix in SUFFIXES
                and size <= LARGEST
                and (document or not complete.isdisjoint(path.parents))
            ):
                wanted[path.relative_to(store.root)] = path, written
    return wanted


def _remove_others(target: Path, wanted: Container[Path]) -> int:
    """Remove files that the store no longer holds; returns how many."""
    gone = [
        path
        for path in target.rglob("*")
        if path.is_file() and path.name != DONE and path.relative_to(target) not in wanted
    ]
    for path in sorted(gone, key=lambda path: path.name != NAME):
        path.unlink(missing_ok=True)
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return len(gone)


def _modified_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime if path.is_file() else None
    except OSError:
        return None


def _write(path: Path, text: str, written: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.making")
    making.write_text(text)
    os.utime(making, (written, written))
    os.replace(making, path)


def _tell(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} papers: {text}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.images.document_mirror",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("store", help="URI of the store, s3://bucket/prefix")
    parser.add_argument("folder", type=Path, help="where to; the console's RECALL_CONSOLE_STORE")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two rounds")
    given = parser.parse_args()
    if not given.store.startswith("s3://"):
        parser.error(
            f"the store is {given.store}; only one in a bucket (s3://bucket/prefix) needs "
            f"this, the console reads a folder by itself"
        )
    left_out: set[Path] = set()
    while True:
        try:
            come, gone = copy(Store(given.store), given.folder, left_out)
            (given.folder / DONE).touch()
            if come or gone:
                _tell(f"{come} came, {gone} went")
        except (RecallError, OSError) as error:
            _tell(str(error))
        time.sleep(given.every)


if __name__ == "__main__":
    raise SystemExit(main())
