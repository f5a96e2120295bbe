"""A real server of the Redis protocol for tests: Valkey, from the environment `serve`, on a free port of the loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.services import valkey
from tests.servers import free_port

PASSWORD = "correct-horse"


@dataclasses.dataclass
class Valkey:
    """A running server.

    Attributes:
        url: with the password.
        process: ended with `kill()` when a test wants the server to die.
    """

    url: str
    port: int
    password: str
    process: subprocess.Popen

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def valkey_server(folder: Path, password: str = PASSWORD, *settings: str) -> Iterator[Valkey]:
    """Start a server that keeps nothing on disk; `settings` are further options, as "--maxmemory", "8mb"."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [str(valkey()), "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password, "--save", "", "--appendonly",
               "no",
               "--dir", str(folder), *settings]
    with (folder / "valkey.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(port, process, folder / "valkey.log")
        yield Valkey(f"redis://:{password}@127.0.0.1:{port}/0", port, password, process)
    finally:
        process.kill()
        process.wait()


def _wait(port: int, process: subprocess.Popen, log: Path, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"valkey-server ended with {process.returncode}: {log.read_text()[-500:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            link.sendall(b"PING\r\n")
            if link.recv(64):
                return
        time.sleep(0.02)
    raise TimeoutError(f"valkey-server does not answer on port {port}")


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with valkey_server(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def server(shared_server: Valkey, monkeypatch: pytest.MonkeyPatch) -> Valkey:
    """The shared server, emptied, named by RECALL_REDIS_URL."""
    import redis

    redis.Redis.from_url(shared_server.url).flushall()
    monkeypatch.setenv("RECALL_REDIS_URL", shared_server.url)
    return shared_server
