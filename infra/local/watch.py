"""Following one day through the DAGs, while it runs."""

from __future__ import annotations

import dataclasses
import time

from infra.local.airflow_api import Airflow
from infra.local.terminal import Terminal

OVER = {"success", "failed"}
APPEARS = 180.0  # seconds in which a run that an asset event starts must have appeared
POLL_SECONDS = 5.0  # between two questions to a task how far it is


@dataclasses.dataclass
class Followed:
    """One run of one DAG, as last seen."""

    dag: str
    run: str | None = None
    state: str = "awaited"
    tasks: dict[str, dict] = dataclasses.field(default_factory=dict)


class Failed(Exception):
    """A task has failed: which, and the end of its log."""


class Watch:
    """Follows `ingest` and all that comes from it, for one day, until nothing more can come.

    Args:
        following: those of the families that are trained when others' champions change.
    """

    def __init__(
        self,
        airflow: Airflow,
        families: list[str],
        following: set[str],
        day: str,
        ingest_run: str,
        known: set[tuple[str, str]],
    ) -> None:
        self.airflow, self.following, self.day, self.known = airflow, following, day, known
        self.followed = {"ingest": Followed("ingest", ingest_run)}
        for family in families:
            self.followed[f"train_{family}"] = Followed(f"train_{family}")
            self.followed[f"publish_{family}"] = Followed(f"publish_{family}")
        self.since, self.terminal = time.monotonic(), Terminal()
        self.begins: dict[tuple[str, str], float] = {}
        self.progress: dict[tuple[str, str], tuple[float, str | None]] = {}

    def follow(self) -> dict[str, Followed]:
        """Look every second or so until every run is over.

        Raises:
            Failed: a run has failed, or one that had to start did not.
        """
        while True:
            for one in self.followed.values():
                self._look(one)
            self._tell()
            if all(one.state in OVER | {"not wanted"} for one in self.followed.values()):
                self.terminal.clear()
                return self.followed
            time.sleep(1.0)

    def _look(self, one: Followed) -> None:
        if one.state in OVER | {"not wanted"} or not self._wanted(one):
            return
        if one.run is None:
            new = [
                run
                for run in self.airflow.runs(one.dag, 5)
                if (one.dag, run["dag_run_id"]) not in self.known
                and run["partition_key"] == self.day
            ]
            if not new:
                if time.monotonic() - self.since > APPEARS:
                    paused = self.airflow.dags()[one.dag]["is_paused"]
                    raise Failed(
                        f"{one.dag} was not started by its asset within {APPEARS:.0f} s; "
                        + ("it is paused in Airflow" if paused else "look at the scheduler's log")
                    )
                return
            one.run = new[-1][
                "dag_run_id"
            ]  # every champion that changes starts one; the first does the work
        before = {name: task["state"] for name, task in one.tasks.items()}
        one.tasks = {task["task_id"]: task for task in self.airflow.tasks(one.dag, one.run)}
        for name, task in one.tasks.items():
            if task["state"] != before.get(name):
                self.since = time.monotonic()
                self._changed(one.dag, task)
        states = {task["state"] for task in one.tasks.values()}
        if states & {"failed", "upstream_failed"} and not states & {
            "running",
            "queued",
            "up_for_retry",
        }:
            one.state = "failed"
            raise Failed(self._last_words(one))
        if states and states <= {"success", "skipped"}:
            one.state = "success"

    def _wanted(self, one: Followed) -> bool:
        """Whether what has to come before is there; a publication is not wanted when the challenger
        was held, nor is a training that follows others when none of them has a new champion."""
        before, _, family = one.dag.partition("_")
        if before == "publish":
            comes_after = [self.followed[f"train_{family}"]]
        elif family in self.following:
            comes_after = [
                other
                for dag, other in self.followed.items()
                if dag.startswith("train_") and dag.removeprefix("train_") not in self.following
            ]
        else:
            return before == "ingest" or self.followed["ingest"].state == "success"
        if not all(other.state in OVER | {"not wanted"} for other in comes_after):
            return False
        if not any(
            other.state == "success" and other.tasks["promote"]["state"] == "success"
            for other in comes_after
        ):
            one.state = "not wanted"
        return one.state != "not wanted"

    def _last_words(self, one: Followed) -> str:
        task = next(task for task in one.tasks.values() if task["state"] == "failed")
        log = self.airflow.log(one.dag, one.run or "", task["task_id"], task["try_number"])
        return (
            f"{one.dag}.{task['task_id']} failed after {task['try_number']} tries; the end of "
            f"its log:\n" + "\n".join(log.splitlines()[-40:]) + f"\n\nIts page: "
            f"{self.airflow.local.airflow_url}/dags/{one.dag}/runs/{one.run}/tasks/{task['task_id']}"
        )

    def _changed(self, dag: str, task: dict) -> None:
        state, name = task["state"], f"{dag}.{task['task_id']}"
        if state == "running":
            self.begins[dag, task["task_id"]] = time.monotonic()
            self.terminal.stay(
                f"{name} begins"
                + (f" (try {task['try_number']})" if task["try_number"] > 1 else "")
            )
        elif state == "success":
            self.terminal.stay(f"{name} done in {task['duration'] or 0:.1f} s")
        elif state == "skipped":
            self.terminal.stay(f"{name} skipped: nothing to do")
        elif state in ("failed", "up_for_retry"):
            self.terminal.stay(
                f"{name} {'failed' if state == 'failed' else 'failed, will be tried again'}"
            )

    def _tell(self) -> None:
        self.terminal.tell(
            [
                self._working(one, task)
                for one in self.followed.values()
                for task in one.tasks.values()
                if task["state"] == "running"
            ]
        )

    def _working(self, one: Followed, task: dict) -> str:
        """A running task: for how long, and how far it says it is."""
        key = one.dag, task["task_id"]
        polled, shown = self.progress.get(key, (0.0, None))
        if time.monotonic() - polled >= POLL_SECONDS:
            shown = self.airflow.progress(one.dag, one.run or "", task)
            self.progress[key] = time.monotonic(), shown
        return f"{one.dag}.{task['task_id']} {time.monotonic() - self.begins[key]:.0f} s" + (
            f": {shown}" if shown else ""
        )
