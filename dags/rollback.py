"""By hand: put the generation before live again, in seconds, and the registry's champion with
it.
"""

from __future__ import annotations

from airflow.sdk import DAG

from recall import assets, task_policies
from recall.families import FAMILIES
from recall.forms import forms
from recall.notices import Notice
from recall.operators.stage_operator import stage
from recall.requests import publication

DOC = """
### Roll back

*Trigger*, choose the family, say why. **pointer** flips what is served back to the generation
before (or the one named) in one atomic step; **registry** then moves the alias `champion` to the
same version. Nothing is trained or loaded. Readers follow within a second. Both steps leave an
audit record. Whatever is made of the family's champion, as `fused` is, trains anew.
"""

with DAG(
    "rollback",
    dag_display_name="4 Roll back",
    description="Serve the generation before again",
    doc_md=DOC,
    schedule=None,
    start_date=task_policies.START,
    max_active_runs=1,
    params=forms.rollback([family.name for family in FAMILIES]),
    tags=["recall", "rollback"],
) as dag:
    pointer = stage(
        "pointer",
        "publish",
        "rollback",
        publication.pointer_back,
        policy=task_policies.SERVING,
        needs=("redis",),
        on_success_callback=[Notice("rollback")],
        doc="Flips the live pointer back.",
    )
    registry = stage(
        "registry",
        "promote",
        "restore",
        publication.alias_back,
        policy=task_policies.ALIASES,
        needs=("mlflow",),
        outlets=[assets.RESTORED],
        announce=publication.announce_restored,
        doc="Moves the alias champion to the version that is served again.",
    )
    pointer >> registry
