"""What the requests of several stages share: functions from a task's context to its parts."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk.exceptions import AirflowFailException


def store() -> str:
    """The root of the store, from RECALL_STORE."""
    try:
        return os.environ["RECALL_STORE"]
    except KeyError:
        raise AirflowFailException(
            "RECALL_STORE is not set: it names the root of the store, for example "
            "file:///srv/recall"
        ) from None


def dataset() -> str:
    """The name of the data set, from RECALL_DATASET."""
    return os.environ.get("RECALL_DATASET", "ml-100k")


def day(context: Any) -> str | None:
    """The day of this run: the form's, else the partition key."""
    return context["params"].get("day") or context["dag_run"].partition_key


def is_scheduled(context: Any) -> bool:
    """Whether the schedule started this run of data that grows: the delivery of its day may be
    late.
    """
    return context["dag_run"].run_type == "scheduled" and not os.environ.get("RECALL_LAST_DAY")


def event(context: Any) -> dict:
    """The extra of the newest asset event that started this run; empty for a run by hand."""
    extras = [
        event.extra
        for events in (context.get("triggering_asset_events") or {}).values()
        for event in events
    ]
    return next((extra for extra in reversed(extras) if extra), {})


def result(context: Any, task: str) -> dict:
    """The result of an earlier task of this run.

    Raises:
        AirflowFailException: the task has left none.
    """
    value = context["ti"].xcom_pull(task_ids=task)
    if not isinstance(value, dict):
        raise AirflowFailException(
            f"the task `{task}` of this run has left no result: clear it and let it run again"
        )
    return value


def triggered_by(context: Any) -> dict:
    """The run and the person that triggered a task: the field `origin` of requests, which
    manifests, MLflow and audit records keep.
    """
    ti, run = context["ti"], context["dag_run"]
    base = os.environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/")
    return {
        "dag_id": ti.dag_id,
        "run_id": run.run_id,
        "task_id": ti.task_id,
        "by": getattr(run, "triggering_user_name", None) or "schedule",
        "url": f"{base}/dags/{ti.dag_id}/runs/{run.run_id}/tasks/{ti.task_id}",
    }


def settings(context: Any, names: list[str]) -> dict:
    """The form's values of these settings. A field that the form leaves empty is not in it: the
    stage uses its default.
    """
    return {
        name: context["params"][name] for name in names if context["params"].get(name) is not None
    }
