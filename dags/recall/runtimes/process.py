"""A stage as a process of this worker, in a virtual environment of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from recall.operators.process_output import Tail
from recall.runtimes.work import Outcome, Work

# Variables of the worker that a stage's process gets. Airflow's settings hold keys: none is here.
PASSED_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "JAVA_HOME",
    "USER",
    "XDG_CACHE_HOME",
    "CUDA_VISIBLE_DEVICES",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
)


class Process:
    """`<interpreter> -m tasks.<stage> …` in the folder of the sources."""

    def __init__(self, interpreter: Path, root: Path) -> None:
        self.interpreter, self.root = interpreter, root
        self._process: subprocess.Popen | None = None

    def run(self, work: Work, context: Any) -> Outcome:
        passed = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
        environment = {
            **passed,
            **work.settings,
            **work.secrets,
            "PYTHONPATH": str(self.root),
            "PYTHONUNBUFFERED": "1",
        }
        self._process = start([str(self.interpreter), *work.arguments], environment, self.root)
        return wait_for(self._process, work)

    def stop(self) -> None:
        stop(self._process)


def start(command: list[str], environment: dict[str, str], folder: Path) -> subprocess.Popen:
    """Start a process that leads a group of its own and dies with this worker."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def wait_for(process: subprocess.Popen, work: Work) -> Outcome:
    """Wait for the process to end, copying its stderr to the task log."""
    tail = Tail(process.stderr, work.say, work.last_message())
    output = process.stdout.read() if process.stdout else ""
    code = process.wait()
    tail.join()
    return Outcome(code, output, tail.last)


def stop(process: subprocess.Popen | None) -> None:
    """End the process and everything it started: first politely, then for good."""
    if process and process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _die_with_parent() -> None:
    # A worker that is killed outright cannot call on_kill; the kernel then ends the stage's
    # process.
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
