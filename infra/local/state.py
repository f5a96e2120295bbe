"""The state of the local stack between starts: its ports, generated passwords, paths."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from infra.environments.names import ROOT, environments, state

SERVICES = ("redis", "mlflow", "airflow")
MLFLOW_USER = "admin"
# What a person may set for the local stack when it is started; everything else of theirs stays
# outside.
SETTABLE = (
    "RECALL_BUDGET_MINUTES",
    "RECALL_CATCH_UP",
    "RECALL_DEADLINE_HOURS",
    "RECALL_DELIVERY_HOURS",
    "RECALL_DELIVERY_SECONDS",
    "RECALL_EXPANSION",
    "RECALL_FAMILIES",
    "RECALL_FRESHNESS_HOURS",
    "RECALL_LINE_KB",
    "RECALL_METRICS_TOKEN",
    "RECALL_POLICIES",
    "RECALL_UNPACKED_GB",
    "AIRFLOW_CONN_RECALL_NOTICES",
)
AIRFLOW_SETTINGS = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
    "AIRFLOW__API__HOST": "127.0.0.1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
    "AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "PYTHONUNBUFFERED": "1",  # the triggerer tells of missed deadlines
}


class Local:
    """The places, ports and passwords of the local stack; made on first use and kept until `make
    clean`.
    """

    def __init__(self) -> None:
        self.home = state() / "local"
        self.store = Path(os.environ.get("RECALL_LOCAL_STORE") or state() / "store").resolve()
        self.logs = self.home / "logs"
        self.run = self.home / "run"

    def prepare(self) -> Local:
        """Make the folders, for this user's eyes only."""
        for folder in (self.home, self.logs, self.run, self.store):
            folder.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        return self

    def lock(self) -> bool:
        """Take the stack for this process, until it ends; False where another has it."""
        self._held = os.open(
            self.home.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.unlock()
            return False
        return True

    def unlock(self) -> None:
        """Give the stack back before this process ends."""
        os.close(self._held)

    def port(self, service: str) -> int:
        """The port of a service: chosen free the first time, remembered after."""
        return self._remembered(
            "ports.json",
            service,
            lambda: dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True)),
        )

    def secret(self, name: str) -> str:
        """A generated password or key; the file can be read by its owner only."""
        import base64

        def make() -> dict[str, str]:
            fernet = base64.urlsafe_b64encode(os.urandom(32)).decode()
            return {
                "airflow_admin": secrets.token_urlsafe(12),
                "mlflow": secrets.token_urlsafe(16),
                "redis": secrets.token_urlsafe(24),
                "jwt": secrets.token_urlsafe(48),
                "mlflow_session": secrets.token_urlsafe(48),
                "fernet": fernet,
            }

        return self._remembered("passwords.json", name, make)

    @property
    def passwords_file(self) -> Path:
        return self.home / "passwords.json"

    def _remembered(self, name: str, one: str, make) -> Any:
        path = self.home / name
        if not path.is_file():
            self.prepare()
            write_private(path, json.dumps(make(), indent=1), new=True)
        try:
            known = json.loads(path.read_text())
        except ValueError:
            raise SystemExit(
                f"local: {path} cannot be read; got {path.stat().st_size} bytes that are no "
                f"JSON, as a full disk leaves them; remedy: delete it, "
                "and it is made anew"
                + (
                    ""
                    if name == "ports.json"
                    else ". What was set up with the passwords in it may have to be set up again"
                )
            ) from None
        if one not in known:  # an older version did not know it
            known = make() | known
            write_private(path, json.dumps(known, indent=1))
        return known[one]

    def forget_ports(self) -> None:
        """Choose new ports at the next start (something else has taken one of ours)."""
        (self.home / "ports.json").unlink(missing_ok=True)

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.port('airflow')}"

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.port('mlflow')}"

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.secret('redis')}@127.0.0.1:{self.port('redis')}/0"

    def mlflow_environment(self) -> dict[str, str]:
        """The environment of MLflow's own client."""
        return {
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "MLFLOW_TRACKING_USERNAME": MLFLOW_USER,
            "MLFLOW_TRACKING_PASSWORD": self.secret("mlflow"),
        }

    def reader_environment(self) -> dict[str, str]:
        """The environment in which `python -m tasks.retrieve` finds this stack."""
        return {
            "RECALL_STORE": self.store.as_uri(),
            "RECALL_REDIS_URL": self.redis_url,
            "PYTHONPATH": str(ROOT),
        }

    def airflow_environment(self, source: dict[str, str]) -> dict[str, str]:
        """The environment of Airflow's processes: nothing of the caller's own AIRFLOW or RECALL
        settings leaks in.

        Args:
            source: RECALL_* settings of the data set that is replayed.
        """
        home = self.home / "airflow"
        port = self.port("airflow")
        return (
            outer_environment()
            | AIRFLOW_SETTINGS
            | {
                "PATH": f"{environments() / 'airflow' / 'bin'}:{os.environ['PATH']}",
                "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'dags'}",
                "AIRFLOW_HOME": str(home),
                "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
                "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
                "AIRFLOW__CORE__FERNET_KEY": self.secret("fernet"),
                "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.airflow_url}/execution/",
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(
                    self.home / "airflow_users.json"
                ),
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
                "AIRFLOW__API__PORT": str(port),
                "AIRFLOW__API__BASE_URL": self.airflow_url,
                "AIRFLOW__API_AUTH__JWT_SECRET": self.secret("jwt"),
                "AIRFLOW_CONN_RECALL_REDIS": self.redis_url,
                "AIRFLOW_CONN_RECALL_MLFLOW": f"http://{MLFLOW_USER}:{self.secret('mlflow')}@127.0.0.1:{self.port('mlflow')}",
                "RECALL_STORE": self.store.as_uri(),
                "RECALL_ENVIRONMENTS": str(environments()),
            }
            | self.lineage()
            | {name: os.environ[name] for name in SETTABLE if os.environ.get(name)}
            | source
        )

    def lineage(self) -> dict[str, str]:
        """OpenLineage: into a file beside the logs where RECALL_LINEAGE is set, else off."""
        if not os.environ.get("RECALL_LINEAGE"):
            return {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}
        transport = {
            "type": "file",
            "log_file_path": str(self.logs / "lineage.jsonl"),
            "append": True,
        }
        return {
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "recallflow",
        }

    @property
    def console_url(self) -> str:
        """The recall console inside Airflow."""
        return f"{self.airflow_url}/plugin/recall"


def outer_environment() -> dict[str, str]:
    """The caller's environment without settings of this project or of what it runs: those are
    given, not inherited.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "RECALL_", "MLFLOW_", "PYTHON"))
    }


def write_private(path: Path, text: str, new: bool = False) -> None:
    """Write a file that only its owner can read, from its first byte on, whole or not at all; a
    `new` one must not be there yet.
    """
    making = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(making, path) if new else making.rename(path)
    finally:
        making.unlink(missing_ok=True)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
