"""Real servers of the Redis protocol: Valkey, from the environment `serve`, on free ports of the
loopback.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from infra.local.services import valkey
from infra.local.state import free_ports

PASSWORD = "correct-horse"


@dataclasses.dataclass
class Valkey:
    """A server that can be killed and started again where it was.

    Attributes:
        url: with the password.
        settings: further options, as "--maxmemory", "8mb".
    """

    folder: Path
    port: int
    password: str
    settings: tuple[str, ...] = ()
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> Valkey:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(valkey()),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--requirepass",
            self.password,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(self.folder),
            *self.settings,
        ]
        with (self.folder / "valkey.log").open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._wait()
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _wait(self, seconds: float = 20.0) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"valkey-server ended with {self.process.returncode}: "
                    f"{(self.folder / 'valkey.log').read_text()[-500:]}"
                )
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=1) as link,
            ):
                link.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                lines = link.makefile("rb")
                if [lines.readline(), lines.readline()][1].startswith(b"+PONG"):
                    return
            time.sleep(0.02)
        raise TimeoutError(f"valkey-server does not answer on port {self.port}")


@contextlib.contextmanager
def valkey_server(folder: Path, password: str = PASSWORD, *settings: str) -> Iterator[Valkey]:
    """A server that keeps nothing on disk unless `settings` say so."""
    running = Valkey(folder, free_ports(1)[0], password, settings).start()
    try:
        yield running
    finally:
        running.kill()


@contextlib.contextmanager
def valkey_cluster(
    folder: Path, password: str = PASSWORD, nodes: int = 3
) -> Iterator[list[Valkey]]:
    """A cluster of primaries that share the 16,384 slots."""
    import redis

    with contextlib.ExitStack() as stack:
        buses = free_ports(nodes)
        started = [
            stack.enter_context(
                valkey_server(
                    folder / f"node{one}",
                    password,
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    str(bus),
                    "--cluster-node-timeout",
                    "15000",
                )
            )
            for one, bus in enumerate(buses)
        ]
        clients = [redis.Redis.from_url(one.url) for one in started]
        bounds = [16_384 * one // nodes for one in range(nodes + 1)]
        for one, client in enumerate(clients):
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[one], bounds[one + 1] - 1)
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", one + 1)
        for other, bus in zip(started[1:], buses[1:]):
            clients[0].execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, bus)
        until = time.monotonic() + 30
        while not all(_joined(client, nodes) for client in clients):
            if time.monotonic() > until:
                raise TimeoutError("the nodes of the cluster do not find each other")
            time.sleep(0.05)
        yield started


def _joined(client, nodes: int) -> bool:
    cluster_info = client.execute_command("CLUSTER INFO")
    return (
        str(cluster_info["cluster_state"]) == "ok"
        and int(cluster_info["cluster_known_nodes"]) == nodes
    )
