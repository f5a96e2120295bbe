"""The stage `ingest`, asked from the local stack's commands as Airflow asks it: JSON in, JSON
out.
"""

from __future__ import annotations

import json
import subprocess

from infra.environments.names import ROOT, python
from infra.local.state import outer_environment


def ask(verb: str, request: dict, stderr: int | None = None) -> subprocess.CompletedProcess[str]:
    """Send one request; the answer is the last line of its stdout.

    Args:
        stderr: where its log goes, as `subprocess.run` takes it; None: to the terminal.
    """
    return subprocess.run(
        [str(python("spark")), "-m", "tasks.ingest", verb, json.dumps(request)],
        cwd=ROOT,
        text=True,
        env=outer_environment() | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=stderr,
    )
