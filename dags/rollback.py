"""By hand: make the previous generation live again, in seconds, and its version the champion."""

from __future__ import annotations

from airflow.sdk import DAG

from recall import assets, task_policies
from recall.families import FAMILIES
from recall.forms import operations
from recall.notices import Notice
from recall.operators.stage_operator import stage
from recall.requests import publication

DOC = """
### Roll back

*Trigger*, choose the family, say why. **pointer** switches the live pointer back to the
previous generation (or the one named) in one atomic step; **registry** then moves the alias
`champion` to the same version. Nothing is trained or loaded. Readers follow within a second. Both
steps leave an audit record. A family made of this family's champion, as `fused` is, trains anew.
"""

with DAG(
    "rollback",
    dag_display_name="4 Roll back",
    description="Serve the previous generation again",
    doc_md=DOC,
    schedule=None,
    start_date=task_policies.START,
    max_active_runs=1,
    params=operations.rollback_form([family.name for family in FAMILIES]),
    tags=["recall", "rollback"],
) as dag:
    pointer = stage(
        "pointer",
        "publish",
        "rollback",
        publication.rollback_pointer,
        policy=task_policies.SERVING,
        needs=("redis",),
        on_success_callback=[Notice("rollback")],
        doc="Switches the live pointer back.",
    )
    registry = stage(
        "registry",
        "promote",
        "restore",
        publication.restore_alias,
        policy=task_policies.ALIASES,
        needs=("mlflow",),
        outlets=[assets.RESTORED],
        announce=publication.announce_restored,
        doc="Moves the alias champion to the version that is served again.",
    )
    pointer >> registry
