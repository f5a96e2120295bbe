"""Names and paths of the environments. Standard library only: this runs before anything is
installed.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = Path(__file__).resolve().parent
NAMES = (
    "airflow",
    "spark",
    "train",
    "serve",
    "mlflow",
    "cluster",
    "tests",
    "s3",
    "checks",
    "ranx",
    "browser",
    "peers",
)
# Not needed by `make run`: what the images hold, and what is built by `make test`, the last by
# `make bench-walks`.
FOR_TESTS = ("cluster", "tests", "s3", "checks", "ranx", "browser", "peers")

# Installed beside the lock: the first of these locks that can be had. torch's CPU build is not in
# the package registry, only where a machine has been told of a source of wheels.
BESIDE = {"train": ("torch-cpu", "torch")}
# Published as source only. Built once into a cache, since an installer would build it again every
# time.
BUILT = {"spark": ("pyspark",)}


def state() -> Path:
    """Everything this checkout makes and may lose: `RECALL_STATE`, or `.recall` beside the
    sources.
    """
    return Path(os.environ.get("RECALL_STATE") or ROOT / ".recall").resolve()


def environments() -> Path:
    """The folder of the built environments: `RECALL_ENVIRONMENTS`, or `environments` in the state
    folder.
    """
    return Path(os.environ.get("RECALL_ENVIRONMENTS") or state() / "environments").resolve()


def python(name: str) -> Path:
    """The interpreter of one environment."""
    return environments() / name / "bin" / "python"


def cache() -> Path:
    """The folder of what every checkout of this person may share: built wheels, downloaded
    archives.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "recallflow"
