"""By hand: let a version of a family go live whatever its verdict says, or bar one."""

from __future__ import annotations

from airflow.sdk import DAG

from recall import assets, task_policies
from recall.families import FAMILIES
from recall.forms import operations
from recall.notices import Notice
from recall.operators.stage_operator import stage
from recall.requests import promotion

DOC = """
### Overrule the gate

*Trigger*, choose the family and what to do, and say why. **force** makes a version the champion
although its verdict held it, and its publication follows; each family has a force task of its own,
because the champion it announces is another. **refuse** bars a version: the gate holds its
candidate from now on. The tasks that were not chosen are skipped. Both actions leave an audit
record with your name and the reason. A version that is live is taken down by the DAG *Roll back*.
"""

with DAG(
    "overrule",
    dag_display_name="5 Overrule",
    description="Force or refuse a version of a family",
    doc_md=DOC,
    schedule=None,
    start_date=task_policies.START,
    max_active_runs=1,
    params=operations.overruling_form([family.name for family in FAMILIES]),
    tags=["recall", "overrule"],
) as dag:
    for family in FAMILIES:
        stage(
            f"force_{family.name}",
            "promote",
            "force",
            promotion.force(family.name),
            policy=task_policies.ALIASES,
            needs=("mlflow",),
            outlets=[assets.champion(family.name)],
            announce=promotion.announce_forced,
            on_success_callback=[Notice("promotion")],
            doc=f"Moves the aliases champion and previous of {family.name}.",
        )
    stage(
        "refuse",
        "promote",
        "refuse",
        promotion.refuse,
        policy=task_policies.ALIASES,
        needs=("mlflow",),
        doc="Bars the version.",
    )
