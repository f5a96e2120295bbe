"""The time of the next retrain, and what it waits for."""

from __future__ import annotations

import datetime

from infra.local.airflow_api import Airflow

WAITING = "up_for_reschedule"


def status_lines(airflow: Airflow) -> str:
    """The lines of `make status`: each day whose delivery is waited for, and the next day that is
    due.
    """
    return "\n".join([*_waiting(airflow), _next(airflow)])


def _waiting(airflow: Airflow) -> list[str]:
    """A run that waits is not over: its task comes back every few minutes to look for the files."""
    going = [run for run in airflow.runs("ingest", 20) if run["state"] == "running"]
    return [
        f"Waiting for the delivery of {run['partition_key']} since {_moment(run['start_date'])}"
        for run in reversed(going)
        if any(task["state"] == WAITING for task in airflow.tasks("ingest", run["dag_run_id"]))
    ]


def _next(airflow: Airflow) -> str:
    dag = airflow.dags()["ingest"]
    if dag["is_paused"]:
        return "Next retrain: none, the DAG `ingest` is paused in Airflow"
    if dag["next_dagrun_run_after"] is None:
        return (
            "Next retrain: none is scheduled, the data has ended; `make run` makes the next "
            "of its days"
        )
    due = datetime.datetime.fromisoformat(dag["next_dagrun_run_after"])
    return (
        f"Next retrain: due {_moment(due.isoformat())}, of "
        f"{(due - datetime.timedelta(days=1)).date()}"
    )


def _moment(text: str) -> str:
    return f"{datetime.datetime.fromisoformat(text).astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"
