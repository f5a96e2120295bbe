"""RECALL_RUNTIME decides what a stage runs as: a process of this worker (the default), a container
or a Kubernetes pod.

All three run the same command, `python -m tasks.<stage> <verb> <request>`, and return the same
`Outcome`.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk.exceptions import AirflowFailException

from recall.runtimes.work import Runtime

RUNTIMES = ("process", "container", "kubernetes")


def configured_runtime(interpreter: Path, root: Path) -> Runtime:
    """The runtime that RECALL_RUNTIME names.

    Args:
        interpreter, root: of a local process: its Python, and the folder of the sources.
    """
    name = os.environ.get("RECALL_RUNTIME") or "process"
    if name == "process":
        from recall.runtimes.process import Process

        return Process(interpreter, root)
    if name == "container":
        from recall.runtimes.container import Container

        return Container()
    if name == "kubernetes":
        from recall.runtimes.kubernetes import Pod

        return Pod()
    raise AirflowFailException(f"RECALL_RUNTIME is {name!r}; expected one of {', '.join(RUNTIMES)}")
