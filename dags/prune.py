"""Weekly: delete old artefacts of the store that nothing needs."""

from __future__ import annotations

from airflow.sdk import DAG, CronPartitionTimetable

from recall import task_policies
from recall.forms import operations
from recall.operators.stage_operator import stage
from recall.requests import pruning

DOC = """
### Prune the store

**plan** lists what would be deleted, and how much space that frees; **apply** deletes it, unless
the form asks only for the plan. Kept are: live generations and those of a rollback (Redis names
them), versions with an alias (the registry names them), everything these were made from, a data
set's newest snapshot, and everything younger than *Keep days*. Deliveries, corrections, audit
records and verdicts are never deleted. While Redis or MLflow is down nothing is deleted.
"""

with DAG(
    "prune",
    dag_display_name="7 Prune",
    description="Delete old artefacts of the store that nothing needs",
    doc_md=DOC,
    schedule=CronPartitionTimetable("0 12 * * 0", timezone="UTC", key_format="%Y-%m-%d"),
    start_date=task_policies.START,
    catchup=False,
    max_active_runs=1,
    params=operations.pruning_form(),
    tags=["recall", "prune"],
) as dag:
    plan = stage(
        "plan",
        "prune",
        "plan",
        pruning.plan,
        policy=task_policies.SERVING,
        needs=("redis", "mlflow"),
        doc="Lists what would be deleted.",
    )
    apply = stage(
        "apply",
        "prune",
        "apply",
        pruning.apply,
        policy=task_policies.SERVING,
        needs=("redis", "mlflow"),
        doc="Deletes it.",
    )
    plan >> apply
