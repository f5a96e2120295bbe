"""The services of docker-compose.yaml as processes of this machine: their own commands and
variables, with this machine's ports and folders.

Postgres comes from the system's packages, Valkey from the environment `serve`, the S3 API from
`s3`; everything else is what the images hold.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

from infra.compose.__main__ import variables
from infra.environments.names import ROOT, environments, python
from infra.local.services import answers, listens, valkey
from infra.local.state import free_ports, outer_environment, write_private
from tests.servers_s3 import S3

PORTS = (
    "redis",
    "postgres",
    "mlflow",
    "objects",
    "airflow",
    "health",
    "logs",
    "triggers",
    "spark",
    "spark_page",
    "spark_worker_page",
)
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
IMAGES = {
    "mlflow": "mlflow",
    "papers": "serve",
    "spark-master": "spark",
    "spark-worker": "spark",
}  # others: cluster
PATIENCE = 180.0
BUCKETS = ("recall", "mlflow")


class Composed:
    """A running deployment; every service can be killed and started again.

    Args:
        home: where everything of it lies.
        data: DATA_FOLDER, DATASET, FORMAT, LOCATION.
        more: further variables of Airflow's services.
        spark: whether ingestion uses Spark's own cluster.
    """

    def __init__(
        self,
        home: Path,
        data: dict[str, str],
        more: dict[str, str] | None = None,
        spark: bool = False,
    ) -> None:
        self.home, self.more, self.spark = home, more or {}, spark
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.variables = variables(
            {"AIRFLOW_PORT": str(self.ports["airflow"]), "MLFLOW_PORT": str(self.ports["mlflow"])},
            data,
        )
        dump = (
            "import json, sys, yaml; json.dump(yaml.safe_load(open('docker-compose.yaml')), "
            "sys.stdout)"
        )
        self.file = json.loads(
            subprocess.run(
                [str(python("checks")), "-c", dump],
                cwd=ROOT,
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        self.processes: dict[str, subprocess.Popen] = {}
        self.restarts: collections.Counter = collections.Counter()
        self._turn, self._over = threading.RLock(), threading.Event()
        for name in ("logs", "scratch", "redis", "postgres", "objects", "papers"):
            (home / name).mkdir(parents=True, exist_ok=True)

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['airflow']}"

    @property
    def objects_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['objects']}"

    def secret(self, name: str) -> str:
        """Of the pages' one user; what the client of Airflow's API asks for."""
        assert name == "airflow_admin"
        return self.variables["ADMIN_PASSWORD"]

    def here(self, text: str) -> str:
        """A text of the compose file with its variables filled in, and this machine's places in
        place of the containers'.
        """
        text = re.sub(
            r"\$\{(\w+):?\?[^}]*\}", lambda found: self.variables[found[1]], text
        ).replace("$$", "$")
        at = {
            "redis:6379": self.ports["redis"],
            "postgres:5432": self.ports["postgres"],
            "mlflow:5000": self.ports["mlflow"],
            "objects:8333": self.ports["objects"],
            "api-server:8080": self.ports["airflow"],
            "spark-master:7077": self.ports["spark"],
        }
        for name, port in at.items():
            text = text.replace(name, f"127.0.0.1:{port}").replace(
                quote(name, safe=""), quote(f"127.0.0.1:{port}", safe="")
            )
        folders = {
            "/var/log/recall": self.home / "logs",
            "/scratch": self.home / "scratch",
            "/papers": self.home / "papers",
            "file:///papers": f"file://{self.home / 'papers'}",
            "/data": self.variables["DATA_FOLDER"],
        }
        for name, folder in folders.items():
            text = (
                f"{folder}{text.removeprefix(name)}"
                if text == name or text.startswith(f"{name}/")
                else text
            )
        return text

    def environment(self, service: str) -> dict[str, str]:
        """The service's variables."""
        variables = {
            name: self.here(str(value))
            for name, value in self.file["services"][service].get("environment", {}).items()
        }
        held = IMAGES.get(service, "cluster")
        image = {
            "PATH": f"{environments() / held / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "RECALL_ENVIRONMENTS": str(environments()),
        }
        if service in AIRFLOW or service == "init":
            image |= {
                "AIRFLOW_HOME": str(self.home / f"home-{service}"),
                "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
                "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__API__HOST": "127.0.0.1",
                "AIRFLOW__API__PORT": str(self.ports["airflow"]),
                "AIRFLOW__API__WORKERS": "1",
                "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["health"]),
                "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports["logs"]),
                "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports["triggers"]),
                **self.more,
            }
            if not self.spark:
                variables.pop("RECALL_SPARK_MASTER", None)
        return outer_environment() | variables | image

    def command(self, service: str) -> list[str]:
        """The service's command, as its image would run it."""
        command_line = [self.here(part) for part in self.file["services"][service]["command"]]
        if service in AIRFLOW or service == "init":
            return [str(python("cluster")), "-m", "infra.images.airflow", *command_line]
        swap = {
            "0.0.0.0": "127.0.0.1",
            "5000": str(self.ports["mlflow"]),
            "7077": str(self.ports["spark"]),
            "8080": str(self.ports["spark_page"]),
            "8081": str(self.ports["spark_worker_page"]),
            "spark-master": "127.0.0.1",
        }
        command_line = [swap.get(part, part) for part in command_line]
        return [
            str(environments() / service / "bin" / command_line[0])
            if service == "mlflow"
            else str(python(IMAGES[service])),
            *command_line[1:],
        ]

    def start(self, service: str) -> None:
        """Start one service, or start it again where it was."""
        command, environment = getattr(
            self, f"_{service}", lambda: (self.command(service), self.environment(service))
        )()
        log = (self.home / f"{service}.log").open("ab")
        self.processes[service] = subprocess.Popen(
            command,
            env=environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def tend(self) -> None:
        """As the file says, `restart: unless-stopped`: start again what ended and nobody ended."""
        while not self._over.wait(1.0):
            with self._turn:
                for service in [
                    name for name, process in self.processes.items() if process.poll() is not None
                ]:
                    self.restarts[service] += 1
                    self.kill(service)
                    self.start(service)

    def kill(self, service: str, sent: int = signal.SIGKILL) -> None:
        """End a service with everything it started, at once."""
        with self._turn:
            process = self.processes.pop(service)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ready(self, service: str) -> bool:
        """Whether it serves."""
        pages = {
            "mlflow": f"http://127.0.0.1:{self.ports['mlflow']}/health",
            "api-server": f"{self.airflow_url}/api/v2/version",
            "scheduler": f"http://127.0.0.1:{self.ports['health']}/health",
            "objects": f"{self.objects_url}/moto-api/",
            "spark-master": f"http://127.0.0.1:{self.ports['spark_page']}/json/",
            "spark-worker": f"http://127.0.0.1:{self.ports['spark_worker_page']}/json/",
        }
        return (
            answers(pages[service])
            if service in pages
            else listens(self.ports[service])
            if service in self.ports
            else True
        )

    def wait(self, *services: str) -> None:
        until = time.monotonic() + PATIENCE
        for service in services:
            while not self.ready(service):
                if self.processes[service].poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"composed: {service} does not come up:\n{self.tail(service)}")
                time.sleep(0.3)

    def check(self) -> None:
        """Nothing has to be started again and again."""
        for service, count in self.restarts.items():
            if count > 5:
                raise SystemExit(f"composed: {service} does not stay up:\n{self.tail(service)}")

    def tail(self, service: str, lines: int = 30) -> str:
        return "\n".join(
            (self.home / f"{service}.log").read_text(errors="replace").splitlines()[-lines:]
        )

    def up(self) -> None:
        """Everything, in the order that the file's conditions ask for."""
        self._initdb()
        for service in ("postgres", "redis", "objects", *(("spark-master",) if self.spark else ())):
            self.start(service)
        self.wait("postgres", "redis", "objects")
        self._databases()
        for bucket in BUCKETS:
            S3(self.objects_url, self.processes["objects"]).put(bucket)
        if self.spark:
            self.wait("spark-master")
            self.start("spark-worker")
        self.start("mlflow")
        self.start("papers")
        self.start("init")
        if self.processes.pop("init").wait(PATIENCE):
            raise SystemExit(f"composed: init failed:\n{self.tail('init')}")
        for service in AIRFLOW:
            self.start(service)
        self.wait("mlflow", *AIRFLOW[:2])
        threading.Thread(target=self.tend, daemon=True).start()

    def down(self) -> None:
        self._over.set()
        for service in reversed(list(self.processes)):
            self.kill(service, signal.SIGINT if service == "postgres" else signal.SIGTERM)

    def reader_environment(self) -> dict[str, str]:
        """Of a service that reads what is live: with the reader's own user."""
        redis = f"redis://reader:{self.variables['REDIS_READER_PASSWORD']}@127.0.0.1:{self.ports['redis']}/0"
        return {
            "RECALL_STORE": "s3://recall/store",
            "RECALL_SCRATCH": str(self.home / "reader"),
            "RECALL_REDIS_URL": redis,
            "PYTHONPATH": str(ROOT),
            "AWS_ACCESS_KEY_ID": self.variables["S3_ACCESS_KEY"],
            "AWS_SECRET_ACCESS_KEY": self.variables["S3_SECRET_KEY"],
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.objects_url,
            "PATH": os.environ["PATH"],
        }

    def _objects(self) -> tuple[list[str], dict[str, str]]:
        return [
            str(python("s3")),
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            str(self.ports["objects"]),
        ], outer_environment()

    def _redis(self) -> tuple[list[str], dict[str, str]]:
        variables = {
            name: self.here(str(value))
            for name, value in self.file["services"]["redis"]["environment"].items()
        }
        return (
            [
                "/bin/sh",
                str(ROOT / "infra" / "compose" / "valkey.sh"),
                str(self.home / "redis"),
                str(self.ports["redis"]),
            ],
            outer_environment()
            | variables
            | {
                "USERS_FILE": str(self.home / "users.acl"),
                "VALKEY_SERVER": str(valkey()),
                "BIND": "127.0.0.1",
            },
        )

    def _postgres(self) -> tuple[list[str], dict[str, str]]:
        folder = self._database()
        return [
            *_as_postgres(),
            _binary("postgres"),
            "-D",
            str(folder),
            "-p",
            str(self.ports["postgres"]),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={folder}",
        ], outer_environment()

    def _database(self) -> Path:
        return (
            Path("/tmp") / f"recall-postgres-{self.ports['postgres']}"
        )  # where another user may enter

    def _initdb(self) -> None:
        folder, password = self._database(), self._database().with_suffix(".password")
        folder.mkdir(mode=0o700)
        write_private(password, self.variables["POSTGRES_PASSWORD"], new=True)
        for path in (folder, password) if os.getuid() == 0 else ():
            shutil.chown(path, "postgres", "postgres")
        done = subprocess.run(
            [
                *_as_postgres(),
                _binary("initdb"),
                "-D",
                str(folder),
                "-U",
                "postgres",
                "--auth=scram-sha-256",
                f"--pwfile={password}",
            ],
            text=True,
            capture_output=True,
            cwd="/tmp",
        )
        password.unlink()
        if done.returncode:
            raise SystemExit(f"composed: initdb failed: {done.stderr}")

    def _databases(self) -> None:
        postgres = {
            name: self.here(str(value))
            for name, value in self.file["services"]["postgres"]["environment"].items()
        }
        settings = (
            outer_environment()
            | postgres
            | {
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.ports["postgres"]),
                "PGPASSWORD": self.variables["POSTGRES_PASSWORD"],
            }
        )
        done = subprocess.run(
            ["/bin/sh", str(ROOT / "infra" / "compose" / "postgres.sh")],
            env=settings,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"composed: the databases were not made: {done.stderr}")

    def __enter__(self) -> Composed:
        for sent in (signal.SIGTERM, signal.SIGINT):
            signal.signal(
                sent, lambda *_: sys.exit(1)
            )  # so that everything it started ends as well
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        shutil.rmtree(self._database(), ignore_errors=True)


def _as_postgres() -> list[str]:
    """Postgres refuses to run as root."""
    return (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        if os.getuid() == 0
        else []
    )


def _binary(name: str) -> str:
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    if not found:
        raise SystemExit(
            f"composed: there is no {name}; install Postgres (Debian: apt-get install postgresql)"
        )
    return found


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
