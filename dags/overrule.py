"""By hand, one DAG per family: let a version go live whatever its verdict says, or bar one."""

from __future__ import annotations

from airflow.sdk import DAG

from recall import assets, task_policies
from recall.families import FAMILIES
from recall.forms import forms
from recall.notices import Notice
from recall.operators.stage_operator import stage
from recall.requests import promotion

DOC = """
### Overrule the gate: {title}

*Trigger*, choose what to do, say why. **force** makes a version the champion although its verdict
held it, and publication follows; **refuse** bars a version: the gate holds its candidate from now
on. The other task is skipped. Both leave an audit record with your name and the reason. A version
that is live is taken down by the DAG *Roll back*.
"""

for family in FAMILIES:
    with DAG(
        f"overrule_{family.name}",
        description=f"Force or refuse a version of {family.name}",
        doc_md=DOC.format(title=family.title),
        schedule=None,
        start_date=task_policies.START,
        max_active_runs=1,
        params=forms.overruling(),
        tags=["recall", "overrule", family.name],
    ) as dag:
        stage(
            "force",
            "promote",
            "force",
            promotion.overruled(family.name, "force"),
            policy=task_policies.ALIASES,
            needs=("mlflow",),
            outlets=[assets.champion(family.name)],
            announce=promotion.announce_forced,
            on_success_callback=[Notice("promotion")],
            doc="Moves the aliases champion and previous.",
        )
        stage(
            "refuse",
            "promote",
            "refuse",
            promotion.overruled(family.name, "refuse"),
            policy=task_policies.ALIASES,
            needs=("mlflow",),
            doc="Bars the version.",
        )
