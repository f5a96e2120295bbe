"""The local stack's commands, behind the Makefile: run, look, quarantine, up, stop, status, clean,
env, similar, recommend.
"""

from __future__ import annotations

import argparse
import datetime
import os
import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from infra.local import quarantine, schedule, source_preview, stack, supervisor
from infra.local.airflow_api import Airflow
from infra.local.report import Report, ask, not_live, show
from infra.local.source import Source, day_of, remembered_source, source
from infra.local.state import MLFLOW_USER, Local
from infra.local.watch import Failed, Watch
from infra.settings.__main__ import check
from infra.settings.table import LOCAL


def next_day(local: Local, data: Source) -> str:
    """`DAY`, else the day after the newest snapshot, else a week before the end of the data."""
    first, last = map(datetime.date.fromisoformat, (data.first, data.newest))
    if given := os.environ.get("DAY"):
        day = datetime.date.fromisoformat(day_of("DAY", given))
        if not first <= day <= last:
            raise SystemExit(f"run: DAY is {given}, the data has {first} to {last}")
        return day.isoformat()
    folder = local.store / "snapshots" / data.settings["RECALL_DATASET"]
    done = sorted(p.parts[-3] for p in folder.glob("*/*/manifest.json"))
    day = (
        datetime.date.fromisoformat(done[-1]) + datetime.timedelta(days=1)
        if done
        else max(first, last - datetime.timedelta(days=7))
    )
    if day > last:
        what = "the newest day delivered is" if data.grows else "the data ends on"
        raise SystemExit(
            f"run: {what} {last}, and that day has been made; name one with DAY=YYYY-MM-DD, or "
            f"start over with `make clean`"
            + ("; the schedule makes those to come" if data.grows else "")
        )
    return day.isoformat()


def run(local: Local) -> int:
    """The daily retrain of one day, end to end."""
    begun = time.monotonic()
    data, form = source(local), quarantine.repair_form()
    settings = data.settings
    was_running = supervisor.read(local) is not None
    day = next_day(local, data)
    try:
        stack.start(
            local, settings, later=frozenset({"mlflow", "triggerer"})
        )  # not needed before ingestion is over
        return retrain(local, settings["RECALL_DATASET"], day, form, begun, was_running)
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except OSError as error:
        if not ends(local):
            raise
        print(
            f"\nrun: the stack was stopped while it ran ({error}). What was finished is kept; "
            f"`make run DAY={day}` goes on with the day",
            file=sys.stderr,
        )
        return 1


def ends(local: Local, patience: float = 60.0) -> bool:
    """Whether the stack is gone or being stopped, which takes a while."""
    until = time.monotonic() + patience
    while supervisor.read(local) is not None:
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


def retrain(
    local: Local, dataset: str, day: str, form: dict, begun: float, was_running: bool
) -> int:
    """Trigger the day on a running stack, follow it, and tell what has come of it."""
    before = supervisor.read(local) or {"busy_seconds": 0.0, "peak_bytes": 0}
    started = time.monotonic()
    airflow = Airflow(local)
    print(
        f"Airflow {local.airflow_url}   MLflow {local.mlflow_url}\n\nRetraining {dataset} for "
        f"{day}",
        flush=True,
    )
    families = []
    for family, paused in airflow.families().items():
        if paused:
            print(f"train_{family} is paused in Airflow: {family} is not trained", flush=True)
        else:
            families.append(family)
    known = {
        (dag, r["dag_run_id"])
        for family in families
        for dag in (f"train_{family}", f"publish_{family}")
        for r in airflow.runs(dag)
    }
    following = {family for family in families if airflow.follows(family)}
    followed = Watch(
        airflow, families, following, day, airflow.trigger("ingest", day, form)["dag_run_id"], known
    ).follow()
    ended = time.monotonic()
    after = supervisor.read(local) or before
    served = tell(local, Report(airflow, followed))
    usage(begun, started, ended, was_running, before, after)
    print(
        f"\nConsole  {local.console_url}\nAirflow  {local.airflow_url}  (user admin)\nMLflow   "
        f"{local.mlflow_url}/#/experiments/1/runs?workflowType=machine_learning&compareRunsMode="
        f"CHART  (user {MLFLOW_USER})\nThe passwords are in {local.passwords_file}, for your eyes "
        f"only."
    )
    return 0 if served else 1


def tell(local: Local, report: Report) -> bool:
    """The tables, two things a person wants to see, and what is not served and why.

    Returns:
        Whether every family is live, or held for a measured reason.
    """
    print(f"\n{report.ingest()}\n\n{report.models()}\n\nSeconds by task\n{report.seconds()}")
    title = ("--title", os.environ["TITLE"]) if os.environ.get("TITLE") else ()
    user = ("--user", os.environ["USER_ID"]) if os.environ.get("USER_ID") else ()
    missing, shown = [], None
    with ThreadPoolExecutor(
        os.cpu_count()
    ) as pool:  # each is a process of its own, most of whose time is its start
        similar = list(
            pool.map(
                lambda family: ask(local, "similar", *title, "--family", family, "--k", "5"),
                report.families,
            )
        )
    for family, (code, text) in zip(report.families, similar, strict=True):
        if code and not (
            title and ask(local, "similar", "--family", family)[0] == 0
        ):  # it may be the title that is not there
            missing.append(family)
        else:
            shown = shown or text  # every family has the same neighbours
    if shown is not None:
        print(f"\n{shown}")
        print(f"\n{ask(local, 'recommend', *user, '--k', '10')[1]}")
    gates = {family: report.result(f"train_{family}", "gate") for family in missing}
    skipped = {family: report.skipped(family) for family, gate in gates.items() if not gate}
    for family, gate in gates.items():
        print(f"\n{not_live(family, gate, skipped.get(family))}")
    return all(
        gate.get("outcome") in ("hold", "ask") or skipped.get(family)
        for family, gate in gates.items()
    )


def usage(
    begun: float, started: float, ended: float, was_running: bool, before: dict, after: dict
) -> None:
    """Wall time, the share in which no task worked, and the peak memory."""
    total, busy = ended - begun, after["busy_seconds"] - before["busy_seconds"]
    parts = f"{total:.0f} s in all" + (
        "" if was_running else f", {started - begun:.0f} s of them to start the stack"
    )
    print(
        f"\n{parts}; no task was at work for {total - busy:.0f} s "
        f"({100 * (total - busy) / total:.0f} %); "
        f"peak memory of everything together {after['peak_bytes'] / 2**30:.1f} GiB"
    )


def status(local: Local) -> int:
    """Print what runs, where, and what is live."""
    now = supervisor.read(local)
    if now is None:
        lost = supervisor.leftover(local)
        print(
            f"Its supervisor is gone; {len(lost)} of its processes live. `make stop` ends "
            f"them, `make up` ends them and starts anew."
            if lost
            else "Nothing is running. `make run` starts it."
        )
        return 3
    if (silent := supervisor.silent_seconds(local)) > 10:
        print(
            f"Its supervisor has said nothing for {silent:.0f} s, as when it is stopped or the "
            f"machine is overloaded; what follows is as it was then."
        )
    for name, service in now["services"].items():
        state = (
            "up"
            if service["ready"]
            else "starting"
            if service.get("silent_seconds") is None
            else f"silent for {service['silent_seconds']} s"
        )
        print(f"{name:14} {state:9} pid {service['pid']}  restarts {service['restarts']}")
    if "api-server" in now["ready"]:
        print(f"\n{schedule.status_lines(Airflow(local))}")
    print(
        f"\nConsole  {local.console_url}\nAirflow  {local.airflow_url}  (user admin)\nMLflow   "
        f"{local.mlflow_url}  (user {MLFLOW_USER})\npasswords {local.passwords_file}\nlogs     "
        f" {local.logs}\n"
        f"peak memory {now['peak_bytes'] / 2**30:.1f} GiB"
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m infra.local", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "command",
        choices=(
            "run",
            "look",
            "quarantine",
            "up",
            "stop",
            "status",
            "clean",
            "env",
            "similar",
            "recommend",
        ),
    )
    parser.add_argument(
        "rest", nargs=argparse.REMAINDER, help="passed on to the reader by similar and recommend"
    )
    given = parser.parse_args()
    if given.command in ("run", "up"):
        check(LOCAL)
    if given.command == "look":
        print(source_preview.show())
        return 0
    return carry_out(given.command, given.rest, Local().prepare())


def carry_out(command: str, rest: list[str], local: Local) -> int:
    """One command of the stack; returns its exit code."""
    if command == "run":
        return run(local)
    if command == "up":
        stack.start(local, source(local).settings)
    if command in ("up", "status"):
        return status(local)
    if command == "quarantine":
        print(quarantine.write(local, remembered_source(local)))
    elif command == "env":
        variables = local.reader_environment() | local.mlflow_environment()
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}")
    elif command in ("similar", "recommend"):
        print(show(local, command, *rest))
    else:
        getattr(stack, command)(local)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
