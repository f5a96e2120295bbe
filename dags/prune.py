"""Weekly: delete from the store what is old and needed by nothing."""

from __future__ import annotations

from airflow.sdk import DAG, CronPartitionTimetable

from recall import task_policies
from recall.forms import forms
from recall.operators.stage_operator import stage
from recall.requests import pruning

DOC = """
### Prune the store

**plan** says what would go, and how much room that makes; **apply** deletes it, unless the form
asks only for the plan. What is live or kept for a rollback (Redis knows), what stands behind an
alias (the registry knows), what these were made from, a data set's newest snapshot and whatever is
younger than *Keep days* stays. Deliveries, corrections, audit records and verdicts are never
touched. While Redis or MLflow is away nothing is deleted.
"""

with DAG(
    "prune",
    dag_display_name="7 Prune",
    description="Delete from the store what is old and needed by nothing",
    doc_md=DOC,
    schedule=CronPartitionTimetable("0 12 * * 0", timezone="UTC", key_format="%Y-%m-%d"),
    start_date=task_policies.START,
    catchup=False,
    max_active_runs=1,
    params=forms.pruning(),
    tags=["recall", "prune"],
) as dag:
    plan = stage(
        "plan",
        "prune",
        "plan",
        pruning.asked,
        policy=task_policies.SERVING,
        needs=("redis", "mlflow"),
        doc="What would be deleted.",
    )
    apply = stage(
        "apply",
        "prune",
        "apply",
        pruning.unless_only_planned,
        policy=task_policies.SERVING,
        needs=("redis", "mlflow"),
        doc="Deletes it.",
    )
    plan >> apply
