"""Starting and stopping the local stack."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from infra.environments.names import ROOT, state
from infra.local import processes, supervisor
from infra.local.airflow_api import Airflow
from infra.local.processes import Process
from infra.local.services import listens
from infra.local.state import SERVICES, Local

POOLS = Path(__file__).with_name("pools.json")
PATIENCE = 240.0  # seconds until everything answers, a cold disk included


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def start(local: Local, settings: dict[str, str], later: frozenset[str] = frozenset()) -> dict:
    """Start what is not running, and wait until all of it answers, but for `later`; returns the
    supervisor's state.
    """
    running = supervisor.read(local)
    if running is None:
        sweep(local, strangers=True)  # what is left of an earlier stack would hold the ports
        log = (local.logs / "supervisor.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.supervisor", json.dumps(settings)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return wait(local, process, later)
    return wait(local, None, later)


def wait(local: Local, process: subprocess.Popen | None, later: frozenset[str]) -> dict:
    """Wait until every service is ready and Airflow has parsed the DAGs."""
    begun, ready = time.monotonic(), set()
    now: dict = {"services": {}, "ready": []}
    while time.monotonic() - begun < PATIENCE:
        now = supervisor.read(local) or {"services": {}, "ready": []}
        for name in now["ready"]:
            if name not in ready and process is not None:
                say(f"  {name} is up after {time.monotonic() - begun:.0f} s")
            ready.add(name)
        if process is not None and process.poll() == supervisor.BUSY:
            say("local: it is being started already")
            process = None
        if process is not None and process.poll() is not None:
            raise SystemExit(
                f"local: the supervisor ended at once:\n{tail(local.logs / 'supervisor.log')}"
            )
        for name, service in now["services"].items():
            if service["restarts"] >= 3:
                raise SystemExit(
                    f"local: {name} does not stay up; the end of its "
                    f"log:\n{tail(local.logs / f'{name}.log')}"
                )
        if (
            now["services"]
            and set(now["services"]) - set(now["ready"]) <= later
            and dags_are_parsed(local)
        ):
            return now
        time.sleep(0.5)
    missing = sorted(set(now["services"]) - set(now["ready"]) - later) or ["Airflow's DAGs"]
    raise SystemExit(
        f"local: not up after {PATIENCE:.0f} s: {', '.join(missing)}; its log is in {local.logs}"
    )


def dags_are_parsed(local: Local) -> bool:
    """Whether Airflow knows the DAGs; ends with the message when a file cannot be imported."""
    try:
        airflow = Airflow(local)
        if errors := airflow.import_errors():
            raise SystemExit(
                "local: Airflow cannot import a DAG file:\n"
                + "\n".join(f"{e['filename']}:\n{e['stack_trace']}" for e in errors)
            )
        airflow.make_pools(json.loads(POOLS.read_text()))
        known = airflow.dags()
        train, publish = (
            {name.removeprefix(kind) for name in known if name.startswith(kind)}
            for kind in ("train_", "publish_")
        )
        return (
            {"ingest", "rollback"} <= known.keys()
            and bool(train)
            and train == publish
            and not known["ingest"]["is_paused"]
        )
    except OSError:
        return False


def stop(local: Local) -> None:
    """Stop everything, politely, then for good, whether the supervisor can be asked or not; says
    when nothing runs.
    """
    running = supervisor.read(local)
    if running is None:
        say(
            f"local: its supervisor is gone; {lost} processes that it left were ended"
            if (lost := sweep(local))
            else "local: nothing is running"
        )
        return
    one = Process(running["pid"], running["started"])
    processes.end(lambda: {one} if one.lives else set(), polite=40)
    sweep(local)
    say(
        "local: stopped; the store, MLflow's and Airflow's databases are kept (`make clean` "
        "removes them)"
    )


def sweep(local: Local, strangers: bool = False) -> int:
    """End what a supervisor that is gone has left, unless another one has the stack; how many there
    were.

    Args:
        strangers: choose new ports, too, where somebody else listens on one of ours; given only
            under the lock, as else it may be the stack that is being started beside this.
    """
    if not local.lock():
        return 0
    try:
        ended = len(processes.end(lambda: supervisor.leftover(local)))
        for name in SERVICES if strangers else ():
            if listens(local.port(name)):
                say(
                    f"local: somebody else listens on port {local.port(name)}, which was "
                    f"{name}'s; choosing new ports"
                )
                local.forget_ports()
                break
        return ended
    finally:
        local.unlock()


def clean(local: Local) -> None:
    """Stop, and remove what the stack has made: store, databases, logs, passwords. Environments and
    data stay.
    """
    stop(local)
    if not local.lock():
        raise SystemExit("local: somebody starts it in this moment; nothing was removed, try again")
    for folder in (local.home, local.store):
        if folder.is_relative_to(state()):
            shutil.rmtree(folder, ignore_errors=True)
    local.unlock()
    say(
        "local: the store, the databases, the logs and the passwords are gone; the "
        "environments are kept"
    )


def tail(path: Path, lines: int = 30) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return str(error)
