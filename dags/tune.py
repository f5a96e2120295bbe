"""By hand: search for a family's settings on validation rows. The next training uses the winner,
which still has to pass the gate.
"""

from __future__ import annotations

from airflow.sdk import DAG, chain

from recall import task_policies
from recall.families import FAMILIES
from recall.forms import training
from recall.operators.stage_operator import StageOperator, stage
from recall.requests import tuning

DOC = """
### Tune a family

*Trigger* and choose the family. **begin** (open the study, or find it open) → **trial** × n (Optuna
chooses, the family trains, validation decides; a trial that falls behind is ended) → **conclude**
(the best settings, pictures in MLflow's experiment `recall-tune`) → **adopt**. What a family needs
before its training is made first, as the **graph** of `item2vec`; for other families it is skipped.

Only validation rows are used. A trial that was killed is repeated with the same settings; the same
form with more trials continues the same study. The winner becomes the Airflow variable
`recall_settings_<family>` (delete it to return to the defaults): the next training uses it for each
setting that its form leaves alone. That training is a change, so it must be **better** than the
champion to go live.
"""

with DAG(
    "tune",
    dag_display_name="6 Tune",
    description="Search for settings of a family",
    doc_md=DOC,
    schedule=None,
    start_date=task_policies.START,
    max_active_runs=1,
    params=training.tuning_form([family.name for family in FAMILIES]),
    render_template_as_native_obj=True,
    tags=["recall", "tune"],
) as dag:
    begin = stage(
        "begin",
        "tune",
        "begin",
        tuning.begin({family.name: family.steps[-1].build for family in FAMILIES}),
        policy=task_policies.TRAINING,
        needs=("mlflow",),
        trigger_rule="none_failed",
        doc="Opens the study, or finds it open.",
    )
    for family in FAMILIES:
        preparation = [
            stage(
                step.task,
                step.stage,
                step.verb,
                tuning.only_for(family.name, step.build),
                policy=task_policies.TRAINING,
                needs=step.needs,
                doc=f"{step.doc} Skipped unless the family is {family.name}.",
            )
            for step in family.steps[:-1]
        ]
        chain(*preparation, begin)
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
    trials >> conclude
    tuning.adopt("{{ params.family }}", conclude.output, "{{ params.adopt }}")
