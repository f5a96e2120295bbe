"""By hand, one DAG per family: search for settings on validation rows; the winner is trained with
next, and still has to pass the gate.
"""

from __future__ import annotations

from airflow.sdk import DAG, chain

from recall import task_policies
from recall.families import FAMILIES
from recall.forms import forms
from recall.operators.stage_operator import StageOperator, stage
from recall.requests import tuning

DOC = """
### Tune {title}

`{first}` → **begin** (open the study, or find it open) → **trial** × n (Optuna chooses, the family
trains, validation decides; one that falls behind is ended) → **conclude** (the best settings,
pictures in MLflow's experiment `recall-tune`) → **adopt**.

Only validation rows are looked at. A trial that was killed is begun again with its settings; the
same form with more trials goes on with the same study. What won becomes the Airflow variable
`recall_settings_{name}` (delete it to go back to the defaults): the next training takes it for each
setting that its form leaves alone. That training is a change, so it must be **better** than the
champion to go live.
"""

for family in FAMILIES:
    with DAG(
        f"tune_{family.name}",
        description=f"Search for settings of {family.name}",
        doc_md=DOC.format(
            title=family.title,
            name=family.name,
            first=family.steps[0].task if len(family.steps) > 1 else "begin",
        ),
        schedule=None,
        start_date=task_policies.START,
        max_active_runs=1,
        params=forms.tuning(),
        render_template_as_native_obj=True,
        tags=["recall", "tune", family.name],
    ) as dag:
        *before, fit = family.steps
        own = [
            stage(
                step.task,
                step.stage,
                step.verb,
                step.build,
                policy=task_policies.TRAINING,
                needs=step.needs,
                doc=step.doc,
            )
            for step in before
        ]
        begin = stage(
            "begin",
            "tune",
            "begin",
            tuning.begin(family.name, fit.build),
            policy=task_policies.TRAINING,
            needs=("mlflow",),
            doc="Opens the study, or finds it open.",
        )
        trials = StageOperator.partial(
            task_id="trial",
            stage="tune",
            verb="trial",
            build=tuning.trial,
            needs=("mlflow",),
            doc_md="Chooses, trains, validates.",
            **task_policies.TRAINING,
        ).expand(item=tuning.slots(begin.output))
        conclude = stage(
            "conclude",
            "tune",
            "conclude",
            tuning.conclude,
            policy=task_policies.TRAINING,
            needs=("mlflow",),
            doc="The best settings.",
        )
        chain(*own, begin)
        trials >> conclude
        tuning.adopt(family.name, conclude.output, "{{ params.adopt }}")
