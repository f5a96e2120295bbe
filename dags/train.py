"""One DAG per family of models: train a challenger, judge it against the champion, promote it or hold it."""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, chain

from recall import assets, judging, policies
from recall.families import FAMILIES
from recall.stages import stage

DOC = """
### Train {title}

{doc}

`{first}` → … → **evaluate** (champion and challenger on the same held-out users) → **gate** (promote, hold or ask, with reasons) →
**promote** (skipped when the challenger is held: the run stays green and what is live stays live).

Starts when `ingest` announces a new day. By hand: *Trigger*, change any setting, leave the rest; the newest snapshot is used
unless the form names a day or a snapshot. A change of settings must be **better** than the champion to be promoted; the same
settings on newer data must be **not worse**.
"""

for family in FAMILIES:
    with DAG(
        f"train_{family.name}",
        description=family.doc,
        doc_md=DOC.format(title=family.title, doc=family.doc, first=family.steps[0].task),
        schedule=PartitionedAssetTimetable(assets=assets.INTERACTIONS),
        start_date=policies.START,
        catchup=False,
        max_active_runs=1,
        params=family.form,
        tags=["recall", "train", family.name],
    ) as dag:
        own = [stage(step.task, step.stage, step.verb, step.build, policy=policies.TRAINING, needs=step.needs, doc=step.doc)
               for step in family.steps]
        evaluate = stage("evaluate", "evaluate", "judge", judging.evaluate, policy=policies.TRAINING, needs=("mlflow",),
                         doc="Champion, challenger and popularity on the same held-out users of the same snapshot.")
        gate = stage("gate", "promote", "gate", judging.gate, policy=policies.SERVING, needs=("mlflow",),
                     doc="The verdict: promote or hold, with every figure that led to it.")
        promote = stage("promote", "promote", "promote", judging.promote, policy=policies.SERVING, needs=("mlflow",),
                        outlets=[assets.champion(family.name)], announce=judging.announce_champion,
                        doc="Moves the aliases champion and previous. Skipped when the verdict holds the challenger.")
        chain(*own, evaluate, gate, promote)
