"""A stage as a container on this worker's machine: Docker or Podman, by their command line, which
keeps stdout, stderr and the exit code apart.
"""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from recall.runtimes.process import start, stop, wait_for
from recall.runtimes.work import CONTAINER_PATHS, ROOT, Outcome, Work, image, resources

# What the engine's client needs to find its engine. None of it reaches the container.
CLIENT_VARIABLES = (
    "PATH",
    "HOME",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CONFIG",
    "CONTAINER_HOST",
)
MEMORY_UNITS = {"Ki": "k", "Mi": "m", "Gi": "g", "": "b"}


class Container:
    """`docker run … python -m tasks.<stage> …`, unprivileged, on a read-only disk, with secrets
    passed by name.
    """

    def __init__(self) -> None:
        self.engine = os.environ.get("RECALL_CONTAINER_ENGINE") or "docker"
        self.name = f"recall-{uuid.uuid4().hex[:12]}"
        self._process: subprocess.Popen | None = None

    def run(self, work: Work, context: Any) -> Outcome:
        client = {name: os.environ[name] for name in CLIENT_VARIABLES if name in os.environ}
        self._process = start(
            self.command(work), {**work.container_settings, **work.secrets, **client}, Path(ROOT)
        )
        return wait_for(self._process, work)

    def command(self, work: Work) -> list[str]:
        """The command line. It names variables only and the client takes their values from its own
        environment, because everybody can read a command line.
        """
        limits = resources(work.stage)["limits"]
        options = [
            "--rm",
            "--name",
            self.name,
            "--read-only",
            "--tmpfs",
            "/tmp:exec",
            "--volume",
            CONTAINER_PATHS["RECALL_SCRATCH"],
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
            "--memory",
            memory(limits["memory"]),
            "--cpus",
            str(cpu_count(limits["cpu"])),
        ]
        options += ["--gpus", limits["nvidia.com/gpu"]] if "nvidia.com/gpu" in limits else []
        if network := os.environ.get("RECALL_CONTAINER_NETWORK"):
            options += ["--network", network]
        for volume in (os.environ.get("RECALL_CONTAINER_VOLUMES") or "").split():
            options += ["--volume", volume]
        options += ["--env", f"HOME={CONTAINER_PATHS['HOME']}"]  # the client has a HOME of its own
        for name in sorted({**work.container_settings, **work.secrets}.keys() - {"HOME"}):
            options += ["--env", name]
        return [self.engine, "run", *options, image(work.environment), "python", *work.arguments]

    def stop(self) -> None:
        """Ask the engine to stop the container: ending its client alone would leave it running."""
        if self._process and self._process.poll() is None:
            subprocess.run(
                [self.engine, "stop", "--time", "10", self.name],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=30,
                check=False,
            )
        stop(self._process)


def memory(quantity: str) -> str:
    """Kubernetes' `6Gi` as the engine's `6g`."""
    parts = re.fullmatch(r"(\d+)(Ki|Mi|Gi|)", quantity)
    if parts is None:
        raise AirflowFailException(
            f"{quantity!r} is no amount of memory; expected one as 512Mi or 6Gi"
        )
    return f"{parts[1]}{MEMORY_UNITS[parts[2]]}"


def cpu_count(quantity: str) -> float:
    """Kubernetes' `1500m` or `2` as a number."""
    return int(quantity.removesuffix("m")) / 1000 if quantity.endswith("m") else float(quantity)
