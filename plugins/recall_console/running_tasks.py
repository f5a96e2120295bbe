"""The running tasks and their progress, as each wrote it under `progress` in Airflow's store of
task states.
"""

from __future__ import annotations

import json
import time

from airflow.models.task_state_store import TaskStateStoreModel as TaskState
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import and_, select

from recall_console.airflow_state import page

KEY = "progress"


def running_tasks(dags: set[str], run: str | None = None) -> list[dict]:
    """Running tasks, the longest-running first: DAG, run, task, seconds, its progress (None: this
    try has written none), its page.
    """
    of_task = and_(
        TaskState.key == KEY,
        TaskState.dag_id == TaskInstance.dag_id,
        TaskState.run_id == TaskInstance.run_id,
        TaskState.task_id == TaskInstance.task_id,
        TaskState.map_index == TaskInstance.map_index,
        TaskState.updated_at >= TaskInstance.start_date,
    )
    wanted = (
        select(TaskInstance, TaskState.value)
        .outerjoin(TaskState, of_task)
        .where(TaskInstance.dag_id.in_(dags), TaskInstance.state == "running")
    )
    if run is not None:
        wanted = wanted.where(TaskInstance.run_id == run)
    with create_session() as session:
        return [
            {
                "dag": one.dag_id,
                "run": one.run_id,
                "task": one.task_id,
                "seconds": time.time() - one.start_date.timestamp(),
                "progress": None if progress is None else str(json.loads(progress)),
                "page": page(one.dag_id, one.run_id, one.task_id),
            }
            for one, progress in session.execute(wanted.order_by(TaskInstance.start_date))
        ]
