"""One DAG per family: train a challenger, evaluate it against the champion, promote or hold it."""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, chain

from recall import assets, task_policies
from recall.families import FAMILIES
from recall.notices import Notice, deadline
from recall.operators import approval, member_sensor
from recall.operators.stage_operator import StageOperator, stage
from recall.requests import promotion, seeds

DOC = """
### Train {title}

{doc}

`{first}` → … → **evaluate** (champion, challenger and baselines on the same held-out users) →
**gate** (promote, hold or ask, with reasons) →
**approve** (waits for a person when the form's *Approval* says so; if nobody answers within 12
hours, the challenger is held) →
**promote** (skipped when the challenger is held: the run stays green and what is live stays live).

Starts when {starts}. By hand: *Trigger* and change any setting; the newest snapshot is used unless
the form names a day or a snapshot. With several *Seeds* the same recipe is trained again with other
seeds (**seeds**) and each user's metrics are the mean over all of them, so that no lucky seed
decides; the first one goes live. A change of settings must be **better** than the champion to be
promoted; the same settings on newer data must be **not worse**.
"""

STARTS = "`ingest` announces a new day"
FOLLOWS = (
    "the champion of another family changes, by promotion, by force or by rollback, once "
    "no other family is training (**others**)"
)

for family in FAMILIES:
    others = [other.name for other in FAMILIES if not other.follows]
    with DAG(
        f"train_{family.name}",
        dag_display_name=f"2 Train {family.name}",
        description=family.doc,
        doc_md=DOC.format(
            title=family.title,
            doc=family.doc,
            first=family.steps[0].task,
            starts=FOLLOWS if family.follows else STARTS,
        ),
        schedule=PartitionedAssetTimetable(
            assets=assets.champions(others) if family.follows else assets.INTERACTIONS
        ),
        start_date=task_policies.START,
        catchup=False,
        max_active_runs=1,
        params=family.form,
        deadline=deadline("train"),
        tags=["recall", "train", family.name],
    ) as dag:
        own = [
            stage(
                step.task,
                step.stage,
                step.verb,
                step.build,
                policy=task_policies.TRAINING | {"priority_weight": family.priority},
                needs=step.needs,
                doc=step.doc,
            )
            for step in family.steps
        ]
        evaluate = stage(
            "evaluate",
            "evaluate",
            "judge",
            promotion.evaluate,
            policy=task_policies.TRAINING,
            needs=("mlflow",),
            trigger_rule="none_failed_min_one_success",
            doc="Champion, challenger and baselines on the same held-out users of the same "
            "snapshot.",
        )
        # This task sends the approval request, not the one that waits: an answer that came while
        # that one was still sending would be lost.
        gate = stage(
            "gate",
            "promote",
            "gate",
            promotion.gate,
            policy=task_policies.SERVING,
            needs=("mlflow",),
            on_success_callback=[Notice("ask", approval.needs_approval)],
            doc="The verdict: promote, hold or ask, with every figure that led to it.",
        )
        promote = stage(
            "promote",
            "promote",
            "promote",
            promotion.promote,
            policy=task_policies.ALIASES,
            needs=("mlflow",),
            outlets=[assets.champion(family.name)],
            announce=promotion.announce_champion,
            on_success_callback=[Notice("promotion")],
            on_skipped_callback=[Notice("hold")],
            doc="Moves the aliases champion and previous. Skipped when the verdict holds the "
            "challenger.",
        )
        chain(*own, evaluate, gate, approval.approval(), promote)
        fit = family.steps[-1]
        again = StageOperator.partial(
            task_id="seeds",
            stage=fit.stage,
            verb=fit.verb,
            build=seeds.request_for_seed(fit.build),
            needs=fit.needs,
            doc_md="The same with further seeds, when the form asks for several.",
            **task_policies.TRAINING,
        )
        further = again.expand(item=seeds.further("{{ params.seeds }}"))
        chain(own[:-1], further, evaluate)
        if family.follows:
            member_sensor.wait_for_members(family.name, others) >> [own[0], further]
