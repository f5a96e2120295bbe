"""Real servers for tests, each on a free loopback port, in its own environment and gone when the
block ends.

Standard library only, so that the tests of every stage can use it. A fixture of session scope
shares one server:

    @pytest.fixture(scope="session")
    def mlflow_uri(tmp_path_factory):
        with mlflow_server(tmp_path_factory.mktemp("mlflow")) as uri:
            yield uri
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from infra.environments.names import python
from infra.local.state import free_ports

PATIENCE_SECONDS = 120


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    return free_ports(1)[0]


@contextlib.contextmanager
def mlflow_server(folder: Path, port: int | None = None) -> Iterator[str]:
    """A tracking server with its own database and artefacts under `folder`; yields its URI.

    MLFLOW_TRACKING_URI points at it inside the block. The same folder and port bring back an
    earlier server's runs.

    Raises:
        RuntimeError: it does not answer; the end of its log is in the message.
    """
    port = port or free_port()
    uri = f"http://127.0.0.1:{port}"
    command = [
        python("mlflow"),
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        port,
        "--workers",
        1,
        "--backend-store-uri",
        f"sqlite:///{folder / 'mlflow.db'}",
        "--serve-artifacts",
        "--artifacts-destination",
        folder / "artifacts",
    ]
    settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with _process(command, folder, "mlflow", settings) as process:
        _wait(
            process,
            folder / "mlflow.log",
            lambda: urllib.request.urlopen(f"{uri}/health", timeout=2).close(),
        )
        with environment(MLFLOW_TRACKING_URI=uri):
            yield uri


@contextlib.contextmanager
def environment(**settings: str) -> Iterator[None]:
    """These environment variables, set inside the block."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


@contextlib.contextmanager
def _process(
    command: list, folder: Path, name: str, settings: dict[str, str]
) -> Iterator[subprocess.Popen]:
    """A server in a session of its own, its output in `<folder>/<name>.log`; the whole session ends
    with the block.
    """
    folder.mkdir(parents=True, exist_ok=True)
    variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**variables, **settings},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)


def _wait(process: subprocess.Popen, log: Path, ask) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            return ask()
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            time.sleep(0.2)
    state = (
        f"ended with {process.returncode}"
        if process.poll() is not None
        else f"did not answer within {PATIENCE_SECONDS} s"
    )
    raise RuntimeError(
        f"{log.stem} {state}:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    )
