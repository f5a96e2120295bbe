"""One process that starts the services, starts again what dies, and stops them all together.

`python3 -m infra.local.supervisor` runs until SIGTERM; a lock lets one run on a stack's folder.
Whatever below it loses its parent becomes its own child, so that a service that dies leaves nothing
at work, and nothing is left when it stops. Its state (`supervisor.json`: itself, services,
everything below them, peak memory, shares of time) is what `make status` and the run's last lines
read, and what finds the processes again should it be killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from infra.environments.names import environments
from infra.local import processes
from infra.local.meter import Meter
from infra.local.processes import Process
from infra.local.services import Service, airflow_users, services
from infra.local.state import Local

BACKOFF = (1, 2, 5, 15, 30)  # seconds before the first, second, … restart of one that died
LOOKS = 2.0  # seconds from one look at the whole family to the next
# seconds that a process without a parent has to end by itself, as helpers of one that ended do
ENDS_ALONE = 5.0
BUSY = 75  # exit code: another supervisor has the stack
PROBES, GIVES_UP = (
    15.0,
    300.0,
    # seconds between questions whether a service still answers; of silence after which it is
    # started anew
)
LARGEST_LOG = (
    32 * 2**20
)  # bytes of a service's log, after which it is begun anew beside the one before


class Supervisor:
    """Keeps a list of services alive until it is asked to stop."""

    def __init__(self, local: Local, wanted: list[Service]) -> None:
        self.local, self.wanted = local, wanted
        self.running: dict[str, subprocess.Popen] = {}
        self.started: dict[str, float] = {}
        self.restarts: dict[str, int] = {service.name: 0 for service in wanted}
        self.due: dict[str, float] = {}
        self.ready: set[str] = set()
        self.stopping = False
        own = processes.of(os.getpid())
        assert own is not None, "this process lives"
        self.own, self.boot = own, processes.boot()
        self.meter = Meter(self.own)
        self.family: set[Process] = set()
        self.strays: dict[Process, float] = {}
        self.looked = self.probed = 0.0
        self.silent: dict[str, float] = {}
        self.disturbed = ""

    def run(self) -> int:
        """Start, watch, and stop once `stopping` is set; returns the exit code."""
        processes.adopt()
        try:
            while not self.stopping:
                self._turn()
                time.sleep(0.5)
        finally:
            self._stop()
        return 0

    def _turn(self) -> None:
        """Look after everything once; a disk that is full ends nothing, a folder that is gone ends
        all: nobody could reach what runs on.
        """
        try:
            for service in self.wanted:
                self._tend(service)
            if time.monotonic() > self.looked + LOOKS:
                self._look()
                self._turn_logs()
            if time.monotonic() > self.probed + PROBES:
                self._probe()
            self.meter.sample()
            self._write()
        except OSError as error:
            self.stopping |= not self.local.run.is_dir()
            if str(error) != self.disturbed:
                self.disturbed = str(error)
                _say(f"{error}; {'stopping' if self.stopping else 'going on'}")

    def _tend(self, service: Service) -> None:
        process, now = self.running.get(service.name), time.monotonic()
        if process is None:
            if now >= self.due.get(service.name, 0) and self.ready.issuperset(service.after):
                self._start(service)
        elif process.poll() is not None:
            count = self.restarts[service.name] = self.restarts[service.name] + 1
            wait = BACKOFF[min(count, len(BACKOFF)) - 1]
            _say(f"{service.name} ended with {process.returncode}; again in {wait} s")
            del self.running[service.name]
            self.ready.discard(service.name)
            self.silent.pop(service.name, None)
            self._end_strays(of=service.name)
            self.due[service.name] = now + wait
        elif (
            service.name not in self.ready
            and service.name not in self.silent
            and (service.ready is None or service.ready())
        ):
            self.ready.add(service.name)
            _say(f"{service.name} is up after {now - self.started[service.name]:.1f} s")

    def _start(self, service: Service) -> None:
        log = (self.local.logs / f"{service.name}.log").open("ab")
        self.running[service.name] = subprocess.Popen(
            service.command,
            env=service.environment | {processes.MARK: str(self.local.home)},
            cwd=self.local.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started[service.name] = time.monotonic()
        log.close()

    def _probe(self) -> None:
        """Ask whether what was up still answers; what is silent for long is killed, and so started
        anew.
        """
        self.probed = now = time.monotonic()
        for service in self.wanted:
            if service.ready is None or service.name not in self.ready | self.silent.keys():
                continue
            if service.ready():
                self.silent.pop(service.name, None)
                self.ready.add(service.name)
                continue
            self.ready.discard(service.name)
            if now - self.silent.setdefault(service.name, now) > GIVES_UP:
                _say(
                    f"{service.name} has not answered for "
                    f"{now - self.silent[service.name]:.0f} s: it is started anew"
                )
                self.running[service.name].kill()

    def _turn_logs(self) -> None:
        """Begin a log anew that has become long; the one before it is kept."""
        for service in self.wanted:
            path = self.local.logs / f"{service.name}.log"
            if path.exists() and path.stat().st_size > LARGEST_LOG:
                shutil.copyfile(path, path.with_suffix(".log.1"))
                os.truncate(path, 0)  # its writers append

    def _look(self) -> None:
        """Note the whole family; end what has been without a parent for a while."""
        every, self.looked = processes.all_of_them(), time.monotonic()
        self.family = processes.below([self.own], every) - {self.own}
        self.strays = {one: self.strays.get(one, self.looked) for one in self._strays(every)}
        processes.bury({process.pid for process in self.running.values()})
        if any(self.looked - since > ENDS_ALONE for since in self.strays.values()):
            self._end_strays()

    def _strays(self, every: dict[Process, int]) -> set[Process]:
        """Of all processes our children that are no services: their parent has ended."""
        known = {process.pid for process in self.running.values()}
        return {
            one for one, parent in every.items() if parent == self.own.pid and one.pid not in known
        }

    def _end_strays(self, of: str = "one that ended") -> None:
        for one in (lost := self._strays(processes.all_of_them())):
            _say(f"ending what {of} left: {one.pid} {processes.command(one)[:120]}")
        if lost:
            self._kill_tasks(lost)
            processes.end(
                lambda: processes.below(self._strays(every := processes.all_of_them()), every)
            )

    @staticmethod
    def _kill_tasks(roots: set[Process]) -> None:
        """Airflow's side of the tasks goes first and at once: asked to end, it would tell of each
        as failed, where it is to be run again.
        """
        for one in processes.below(roots):
            if "airflow worker" in processes.command(one):
                one.send(signal.SIGKILL)

    def _stop(self) -> None:
        self._kill_tasks({self.own})
        for service in reversed(self.wanted):
            if process := self.running.get(service.name):
                process.terminate()
        deadline = time.monotonic() + 20
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
        processes.end(lambda: processes.below([self.own]) - {self.own}, polite=5.0)
        (self.local.run / "supervisor.json").unlink(missing_ok=True)

    def _write(self) -> None:
        content = {
            "pid": self.own.pid,
            "started": self.own.started,
            "boot": self.boot,
            "ready": sorted(self.ready),
            "services": {
                service.name: {
                    "pid": self.running[service.name].pid if service.name in self.running else None,
                    "restarts": self.restarts[service.name],
                    "ready": service.name in self.ready,
                    "silent_seconds": round(time.monotonic() - self.silent[service.name])
                    if service.name in self.silent
                    else None,
                }
                for service in self.wanted
            },
            **self.meter.figures(),
            "family": [[one.pid, one.started] for one in sorted(self.family)],
        }
        path = self.local.run / "supervisor.json"
        making = path.with_suffix(".new")
        making.write_text(json.dumps(content, indent=1))
        making.replace(path)


def _say(text: str) -> None:
    """A line of the log, where there is room for it."""
    with contextlib.suppress(OSError):
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def read(local: Local) -> dict | None:
    """The state of the running supervisor, or None when there is none."""
    noted = _read_state(local)
    return noted if noted and Process(noted["pid"], noted["started"]).lives else None


def silent_seconds(local: Local) -> float:
    """Since when the supervisor has noted nothing; it does so twice a second."""
    try:
        return max(0.0, time.time() - (local.run / "supervisor.json").stat().st_mtime)
    except OSError:
        return 0.0


def leftover(local: Local) -> set[Process]:
    """The processes of a stack whose supervisor is gone, but for the one that asks."""
    return processes.below(family(local) | processes.of_stack(local.home)) - {
        processes.of(os.getpid())
    }


def family(local: Local) -> set[Process]:
    """Everything below the supervisor as it was noted last, also by one that is gone."""
    return {Process(*one) for one in (_read_state(local) or {"family": []})["family"]}


def _read_state(local: Local) -> dict | None:
    """The last state that a supervisor wrote since this machine was started."""
    try:
        noted = json.loads((local.run / "supervisor.json").read_text())
        return (
            noted
            if noted["boot"] == processes.boot() and {"pid", "started", "family"} <= noted.keys()
            else None
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def migrate(local: Local, source: dict[str, str]) -> None:
    """Bring Airflow's database to the version of its environment; a new one is a copy of the empty
    one made there.
    """
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
        done = subprocess.run(
            [str(environments() / "airflow" / "bin" / "airflow"), "db", "migrate"],
            env=local.airflow_environment(source),
            cwd=local.home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            raise SystemExit(
                f"local: `airflow db migrate` ended with {done.returncode}:\n{done.stdout[-3000:]}"
            )
    stamp.write_text(wanted)


def supervise(local: Local, wanted: Callable[[], list[Service]]) -> int:
    """Run these services until SIGTERM, in the place of what an earlier supervisor may have left;
    the exit code, `BUSY` where one lives.
    """
    if not local.lock():
        return BUSY
    processes.end(lambda: leftover(local))
    one = Supervisor(local, wanted())
    for sent in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sent, lambda *_: setattr(one, "stopping", True))
    return one.run()


def main() -> int:
    source = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    local = Local().prepare()

    def wanted() -> list[Service]:
        migrate(local, source)
        return services(local, source)

    return supervise(local, wanted)


if __name__ == "__main__":
    raise SystemExit(main())
