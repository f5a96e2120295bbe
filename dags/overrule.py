"""By hand, one DAG per family: let a version go live whatever its verdict says, or bar one."""

from __future__ import annotations

from airflow.sdk import DAG

from recall import assets, forms, judging, policies
from recall.families import FAMILIES
from recall.notices import Notice
from recall.stages import stage

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
        start_date=policies.START,
        max_active_runs=1,
        params=forms.overrule(),
        tags=["recall", "overrule", family.name],
    ) as dag:
        stage(
            "force",
            "promote",
            "force",
            judging.overruled(family.name, "force"),
            policy=policies.ALIASES,
            needs=("mlflow",),
            outlets=[assets.champion(family.name)],
            announce=judging.announce_forced,
            on_success_callback=[Notice("promotion")],
            doc="Moves the aliases champion and previous.",
        )
        stage(
            "refuse",
            "promote",
            "refuse",
            judging.overruled(family.name, "refuse"),
            policy=policies.ALIASES,
            needs=("mlflow",),
            doc="Bars the version.",
        )
