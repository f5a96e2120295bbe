"""A Spark cluster of a master and two workers, as processes of this machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyspark

from tasks.core.spark import java
from tests.servers import free_port

CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"


@contextlib.contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """The URL of a cluster with two workers of one core each; its logs and what its workers leave
    lie in `folder`.
    """
    java.prepare()
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_HOME": str(CLASS.parents[1]),
    }
    port, log = free_port(), folder / "cluster.log"
    url = f"spark://127.0.0.1:{port}"

    def process(name: str, *arguments: str) -> subprocess.Popen:
        command = [
            str(CLASS),
            f"org.apache.spark.deploy.{name}",
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            *arguments,
        ]
        return subprocess.Popen(
            command,
            env=environment,
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    processes = [process("master.Master", "--port", str(port))]
    try:
        _wait(log, "Starting Spark master", 1)
        processes += [
            process("worker.Worker", "--cores", "1", "--memory", "2g", url) for _ in range(2)
        ]
        _wait(log, "Successfully registered with master", 2)
        yield url
    finally:
        for one in reversed(processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.pid, 9)
            one.wait()


def _wait(log: Path, text: str, times: int) -> None:
    deadline = time.monotonic() + 120
    while log.read_text().count(text) < times:
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.2)
