"""Reads the state of the chain from Airflow's database: families, last runs, tasks that wait,
queues.

The families follow from the DAGs `train_<family>`. Their one list is in `dags/recall/families.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from airflow.configuration import conf
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.pool import Pool
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import func, select

from recall_console.settings import NotFound

TRAIN, PUBLISH = "train_", "publish_"
OVER = ("success", "failed")


def families_of(dags: Iterable[str]) -> list[str]:
    """The families whose training is among these DAGs."""
    return sorted(dag.removeprefix(TRAIN) for dag in dags if dag.startswith(TRAIN))


def active_dags() -> set[str]:
    """Every DAG that Airflow parses now."""
    with create_session() as session:
        return set(session.scalars(select(DagModel.dag_id).where(DagModel.is_stale.is_(False))))


def page(dag: str, run: str | None = None, task: str | None = None) -> str:
    """The address of a DAG's, a run's or a task's page in Airflow."""
    base = conf.get("api", "base_url", fallback="").rstrip("/")
    return (
        f"{base}/dags/{quote(dag, safe='')}"
        + (f"/runs/{quote(run, safe='')}" if run else "")
        + (f"/tasks/{quote(task, safe='')}" if task else "")
    )


def last_runs(dags: set[str]) -> dict[str, dict]:
    """DAG → its newest run: state, day, when it began and ended (seconds since 1970), its page; and
    whether the DAG is paused.
    """
    with create_session() as session:
        newest = select(func.max(DagRun.id)).where(DagRun.dag_id.in_(dags)).group_by(DagRun.dag_id)
        runs = session.scalars(select(DagRun).where(DagRun.id.in_(newest))).all()
        paused = set(
            session.scalars(
                select(DagModel.dag_id).where(
                    DagModel.dag_id.in_(dags), DagModel.is_paused.is_(True)
                )
            )
        )
        return {
            run.dag_id: {
                "run": run.run_id,
                "state": str(run.state),
                "day": run.partition_key,
                "began": _seconds(run.start_date),
                "ended": _seconds(run.end_date),
                "page": page(run.dag_id, run.run_id),
                "paused": run.dag_id in paused,
            }
            for run in runs
        }


def waiting_tasks(dags: set[str]) -> list[dict]:
    """Tasks that wait for a person: DAG, run, since when, and the page to answer on."""
    with create_session() as session:
        tasks = session.scalars(
            select(TaskInstance).where(
                TaskInstance.dag_id.in_(dags), TaskInstance.state == "awaiting_input"
            )
        ).all()
        return [
            {
                "dag": task.dag_id,
                "run": task.run_id,
                "task": task.task_id,
                "since": _seconds(task.start_date),
                "page": f"{page(task.dag_id, task.run_id, task.task_id)}/required_actions",
            }
            for task in tasks
        ]


def schedule() -> dict:
    """The next retrain: when it is due (seconds since 1970) and its day, None where none is
    scheduled; and the days whose delivery is late, each with its run's page and since when.
    """
    with create_session() as session:
        due = session.execute(
            select(DagModel.next_dagrun_create_after, DagModel.next_dagrun_partition_key).where(
                DagModel.dag_id == "ingest",
                DagModel.is_paused.is_(False),
                DagModel.is_stale.is_(False),
            )
        ).first()
        awaited = session.scalars(
            select(DagRun)
            .join(
                TaskInstance,
                (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id),
            )
            .where(DagRun.dag_id == "ingest", TaskInstance.state == "up_for_reschedule")
            .order_by(DagRun.id)
        ).all()
        return {
            "due": _seconds(due[0]) if due else None,
            "day": due[1] if due else None,
            "awaited": [
                {
                    "day": run.partition_key,
                    "since": _seconds(run.start_date),
                    "page": page("ingest", run.run_id),
                }
                for run in awaited
            ],
        }


def seconds_by_task(dags: set[str]) -> dict[tuple[str, str], float]:
    """(DAG, task) → seconds of its newest run that succeeded."""
    with create_session() as session:
        newest = (
            select(func.max(DagRun.id))
            .where(DagRun.dag_id.in_(dags), DagRun.state == "success")
            .group_by(DagRun.dag_id)
        )
        rows = session.execute(
            select(TaskInstance.dag_id, TaskInstance.task_id, func.sum(TaskInstance.duration))
            .join(
                DagRun,
                (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id),
            )
            .where(DagRun.id.in_(newest), TaskInstance.state == "success")
            .group_by(TaskInstance.dag_id, TaskInstance.task_id)
        )
        return {(dag, task): float(duration or 0) for dag, task, duration in rows}


def runs_by_state(dags: set[str]) -> dict[tuple[str, str], int]:
    """(DAG, state) → number of runs."""
    with create_session() as session:
        rows = session.execute(
            select(DagRun.dag_id, DagRun.state, func.count())
            .where(DagRun.dag_id.in_(dags))
            .group_by(DagRun.dag_id, DagRun.state)
        )
        return {(dag, str(state)): count for dag, state, count in rows}


def pool_slots() -> dict[str, dict[str, float]]:
    """Pool → its slots: total, running, queued, scheduled, open."""
    with create_session() as session:
        return {
            name: {
                kind: stats[kind] for kind in ("total", "running", "queued", "scheduled", "open")
            }
            for name, stats in Pool.slots_stats(session=session).items()
        }


def results(dag: str, run: str) -> dict[str, Any]:
    """Task → what it returned in this run; mapped tasks are left out."""
    with create_session() as session:
        query = XComModel.get_many(run_id=run, dag_ids=dag, key="return_value", map_indexes=-1)
        return {entry.task_id: _value(entry.value) for entry in session.scalars(query)}


def run_state(dag: str, run: str) -> dict:
    """A run: its state, day, and the states of its tasks.

    Raises:
        NotFound: there is no such run.
    """
    with create_session() as session:
        entry = session.scalar(select(DagRun).where(DagRun.dag_id == dag, DagRun.run_id == run))
        if entry is None:
            raise NotFound("Airflow knows no such run")
        tasks = session.execute(
            select(TaskInstance.task_id, TaskInstance.state).where(
                TaskInstance.dag_id == dag, TaskInstance.run_id == run
            )
        )
        return {
            "dag": dag,
            "run": run,
            "state": str(entry.state),
            "day": entry.partition_key,
            "tasks": {task: None if state is None else str(state) for task, state in tasks},
        }


def _value(stored: Any) -> Any:
    try:
        return json.loads(stored) if isinstance(stored, str) else stored
    except ValueError:
        return stored


def _seconds(moment: Any) -> float | None:
    return None if moment is None else moment.timestamp()
