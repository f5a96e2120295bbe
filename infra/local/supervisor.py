"""One process that starts the services, starts again what dies, and stops them all together.

`python3 -m infra.local.supervisor` runs until SIGTERM. Each service leads a process group of its own, so that stopping it
leaves no child behind. The supervisor's state (`supervisor.json`: pid, services, ready, peak memory, shares of time) is what
`make status` and the run's last lines read.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from infra.environments.names import environments
from infra.local.meter import Meter
from infra.local.services import Service, airflow_users, services
from infra.local.state import Local

BACKOFF = (1, 2, 5, 15, 30)  # seconds before the first, second, … restart of one that died


class Supervisor:
    """Keeps a list of services alive until it is told to stop."""

    def __init__(self, local: Local, wanted: list[Service]) -> None:
        self.local, self.wanted = local, wanted
        self.running: dict[str, subprocess.Popen] = {}
        self.started: dict[str, float] = {}
        self.restarts: dict[str, int] = {service.name: 0 for service in wanted}
        self.due: dict[str, float] = {}
        self.ready: set[str] = set()
        self.stopping = False
        self.meter = Meter(os.getpid())

    def run(self) -> int:
        """Start, watch, and stop once `stopping` is set; returns the exit code."""
        while not self.stopping:
            for service in self.wanted:
                self._tend(service)
            self.meter.sample()
            self._write()
            time.sleep(0.5)
        self._stop()
        return 0

    def _tend(self, service: Service) -> None:
        process, now = self.running.get(service.name), time.monotonic()
        if process is None:
            if now >= self.due.get(service.name, 0) and self.ready.issuperset(service.after):
                self._start(service)
        elif process.poll() is not None:
            count = self.restarts[service.name] = self.restarts[service.name] + 1
            wait = BACKOFF[min(count, len(BACKOFF)) - 1]
            print(f"{time.strftime('%H:%M:%S')} {service.name} ended with {process.returncode}; again in {wait} s", flush=True)
            _end_group(process.pid, signal.SIGKILL)
            del self.running[service.name]
            self.ready.discard(service.name)
            self.due[service.name] = now + wait
        elif service.name not in self.ready and (service.ready is None or service.ready()):
            self.ready.add(service.name)
            print(f"{time.strftime('%H:%M:%S')} {service.name} is up after {now - self.started[service.name]:.1f} s", flush=True)

    def _start(self, service: Service) -> None:
        log = (self.local.logs / f"{service.name}.log").open("ab")
        self.running[service.name] = subprocess.Popen(service.command, env=service.environment, cwd=self.local.home, stdin=subprocess.DEVNULL,
                                                      stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.started[service.name] = time.monotonic()
        log.close()

    def _stop(self) -> None:
        for service in reversed(self.wanted):
            if process := self.running.get(service.name):
                process.terminate()
        deadline = time.monotonic() + 20
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            _end_group(process.pid, signal.SIGKILL)
        (self.local.run / "supervisor.json").unlink(missing_ok=True)

    def _write(self) -> None:
        content = {"pid": os.getpid(), "ready": sorted(self.ready), "services": {
            service.name: {"pid": self.running[service.name].pid if service.name in self.running else None,
                           "restarts": self.restarts[service.name], "ready": service.name in self.ready}
            for service in self.wanted}, **self.meter.figures()}
        path = self.local.run / "supervisor.json"
        making = path.with_suffix(".new")
        making.write_text(json.dumps(content, indent=1))
        making.replace(path)


def _end_group(pid: int, how: int) -> None:
    try:
        os.killpg(pid, how)
    except (ProcessLookupError, PermissionError):
        pass


def read(local: Local) -> dict | None:
    """The state of the running supervisor, or None when there is none."""
    path: Path = local.run / "supervisor.json"
    try:
        content = json.loads(path.read_text())
        os.kill(content["pid"], 0)
        if b"infra.local.supervisor" not in Path(f"/proc/{content['pid']}/cmdline").read_bytes():
            return None
        return content
    except (OSError, ValueError, KeyError):
        return None


def migrate(local: Local, source: dict[str, str]) -> None:
    """Bring Airflow's database to the version of its environment; a new one is a copy of the empty one made there."""
    airflow_users(local)
    home, wanted = local.home / "airflow", (environments() / "airflow" / "stamp").read_text()
    stamp, database = home / "migrated", home / "airflow.db"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    home.mkdir(parents=True, exist_ok=True)
    if not database.exists():
        shutil.copyfile(environments() / "airflow" / "empty.db", database.with_suffix(".new"))
        database.with_suffix(".new").replace(database)
    else:
        done = subprocess.run([str(environments() / "airflow" / "bin" / "airflow"), "db", "migrate"], env=local.airflow_environment(source),
                              cwd=local.home, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise SystemExit(f"local: `airflow db migrate` ended with {done.returncode}:\n{done.stdout[-3000:]}")
    stamp.write_text(wanted)


def main() -> int:
    source = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    local = Local().prepare()
    migrate(local, source)
    one = Supervisor(local, services(local, source))
    for sent in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sent, lambda *_: setattr(one, "stopping", True))
    return one.run()


if __name__ == "__main__":
    raise SystemExit(main())
