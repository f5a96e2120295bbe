"""`python -m infra.images.airflow <arguments of airflow>`: checks all settings, then becomes
Airflow.

The one user of the pages has the password of RECALL_ADMIN_PASSWORD; Airflow reads it from a file
that only this user can read. `init` migrates the database and makes the pools, once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from infra.local.state import write_private
from infra.settings.__main__ import check
from infra.settings.table import AIRFLOW

POOLS = Path(__file__).resolve().parents[1] / "local" / "pools.json"
PASSWORD, FILE = "RECALL_ADMIN_PASSWORD", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


def main(arguments: list[str]) -> int:
    check(AIRFLOW)
    home = Path(os.environ["AIRFLOW_HOME"])
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if password := os.environ.pop(PASSWORD, None):
        os.environ[FILE] = str(home / "users.json")
        write_private(home / "users.json", json.dumps({"admin": password}))
    airflow = str(Path(sys.executable).with_name("airflow"))
    if arguments == ["init"]:
        for command in (["db", "migrate"], ["pools", "import", str(POOLS)]):
            subprocess.run([airflow, *command], check=True)
        return 0
    os.execv(airflow, [airflow, *arguments])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
