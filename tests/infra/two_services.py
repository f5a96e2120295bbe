"""A supervisor of two services, the first of which has a child that leads a session of its own and
has lost its environment, as Airflow's tasks do.
"""

from __future__ import annotations

import os
import sys

from infra.local import supervisor
from infra.local.services import Service
from infra.local.state import Local
from infra.local.supervisor import supervise

SLEEP = "import time; time.sleep(600)"
PARENT = (
    f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}], "
    f"start_new_session=True, env={{}}); {SLEEP}"
)


def wanted() -> list[Service]:
    mute = Local().home / "mute"  # while it is there, the first service does not answer
    return [
        Service(
            "one", [sys.executable, "-c", PARENT], dict(os.environ), ready=lambda: not mute.exists()
        ),
        Service("two", [sys.executable, "-c", SLEEP], dict(os.environ), after=("one",)),
    ]


if __name__ == "__main__":
    supervisor.PROBES, supervisor.GIVES_UP, supervisor.LARGEST_LOG = 0.5, 4.0, 1000
    raise SystemExit(supervise(Local().prepare(), wanted))
