"""The tasks at work now, and how far each says it is: its words under `progress` in Airflow's store
of task states.
"""

from __future__ import annotations

import json
import time

from airflow.models.task_state_store import TaskStateStoreModel as Said
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import and_, select

from recall_console.airflow_state import page

KEY = "progress"


def working(dags: set[str], run: str | None = None) -> list[dict]:
    """Running tasks, the longest at work first: DAG, run, task, for how many seconds, its words
    (None: this try has said nothing), its page.
    """
    of_task = and_(
        Said.key == KEY,
        Said.dag_id == TaskInstance.dag_id,
        Said.run_id == TaskInstance.run_id,
        Said.task_id == TaskInstance.task_id,
        Said.map_index == TaskInstance.map_index,
        Said.updated_at >= TaskInstance.start_date,
    )
    wanted = (
        select(TaskInstance, Said.value)
        .outerjoin(Said, of_task)
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
                "said": None if said is None else str(json.loads(said)),
                "page": page(one.dag_id, one.run_id, one.task_id),
            }
            for one, said in session.execute(wanted.order_by(TaskInstance.start_date))
        ]
