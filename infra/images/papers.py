"""`python -m infra.images.papers s3://bucket/prefix /papers`: what people read of a store in a bucket, as a folder that the console reads.

Manifests, JSON documents and pages of all complete folders, no vectors and no rows; kept as they are in the store, down to what was deleted there.
Runs until it is stopped. The store or the disk being away is told and waited for; what lies here stays meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tasks.core.errors import RecallError
from tasks.core.manifest import NAME
from tasks.core.store import Store

KINDS = ("audit", "verdicts", "snapshots", "quarantine", "refused", "generations")
SUFFIXES, LARGEST = (".json", ".html"), 8 * 2**20  # bytes; the page of a verdict has some hundred thousand
DONE = ".copied"  # touched after every round


def copy(store: Store, target: Path) -> tuple[int, int]:
    """Bring `target` to what the store holds now; returns how many files came and went."""
    wanted: dict[Path, tuple[Path, float]] = {}
    for kind in KINDS:
        found = store.mirror.files(store.path(kind))
        whole = {path.parent for path, _, _ in found if path.name == NAME}
        for path, written, size in found:
            document = path.parent.parent == store.path(kind)  # of the few that change, right below a family
            if path.suffix in SUFFIXES and size <= LARGEST and (document or not whole.isdisjoint(path.parents)):
                wanted[path.relative_to(store.root)] = path, written
    come = sorted((name for name, (_, written) in wanted.items() if _written(target / name) != written), key=lambda name: (name.name == NAME, name))
    for name in come:  # manifests last: a folder without one does not exist
        path, written = wanted[name]
        text = store.mirror.read(path)
        if text is not None:
            _write(target / name, text, written)
    gone = [path for path in target.rglob("*") if path.is_file() and path.name != DONE and path.relative_to(target) not in wanted]
    for path in sorted(gone, key=lambda path: path.name != NAME):
        path.unlink(missing_ok=True)
    for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return len(come), len(gone)


def _written(path: Path) -> float | None:
    return path.stat().st_mtime if path.is_file() else None


def _write(path: Path, text: str, written: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.making")
    making.write_text(text)
    os.utime(making, (written, written))
    os.replace(making, path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.images.papers", description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("store", help="URI of the store, s3://bucket/prefix")
    parser.add_argument("folder", type=Path, help="where to; the console's RECALL_CONSOLE_STORE")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two rounds")
    given = parser.parse_args()
    if not given.store.startswith("s3://"):
        parser.error(f"the store is {given.store}; only one in a bucket (s3://bucket/prefix) needs this, the console reads a folder by itself")
    while True:
        try:
            come, gone = copy(Store(given.store), given.folder)
            (given.folder / DONE).touch()
            if come or gone:
                print(f"{time.strftime('%H:%M:%S')} papers: {come} came, {gone} went", file=sys.stderr, flush=True)
        except (RecallError, OSError) as error:
            print(f"{time.strftime('%H:%M:%S')} papers: {error}", file=sys.stderr, flush=True)
        time.sleep(given.every)


if __name__ == "__main__":
    raise SystemExit(main())
