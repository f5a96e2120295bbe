"""Running a stage the way Airflow does: a process in its environment, JSON in, JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from dags.recall.environments import ENVIRONMENTS
from infra.environments.names import ROOT, python


def ask(stage: str, verb: str, request: dict, **environment: str) -> dict:
    """One request to a stage; its result.

    Raises:
        SystemExit: it failed; its log stands above, on stderr.
    """
    done = subprocess.run(
        [str(python(ENVIRONMENTS[stage])), "-m", f"tasks.{stage}", verb, json.dumps(request)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    if done.returncode:
        raise SystemExit(f"{stage} {verb} ended with {done.returncode}; what it said is above")
    return json.loads(done.stdout.strip().splitlines()[-1])
