"""One DAG per family: build the index of the champion, prove it, load it beside what is live, and
switch in one step.
"""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, chain

from recall import assets, task_policies
from recall.families import FAMILIES
from recall.forms import forms
from recall.notices import deadline
from recall.operators.stage_operator import stage
from recall.requests import publication

DOC = """
### Publish {title}

**index** → **bundle** (search parameters tuned and probed against exact search; below the bound
nothing goes live) → **load** (beside the live generation) →
**verify** (read back) → **go_live** (one atomic step) → **sweep** (what is neither live nor the one
before).

Killed at any moment, the live generation stays whole; run it again. To go back: the DAG *Roll
back*.
"""

for family in FAMILIES:
    with DAG(
        f"publish_{family.name}",
        dag_display_name=f"3 Publish {family.name}",
        description=f"Put the champion of {family.name} live",
        doc_md=DOC.format(title=family.title),
        schedule=PartitionedAssetTimetable(assets=assets.champion(family.name)),
        start_date=task_policies.START,
        catchup=False,
        max_active_runs=1,
        params=forms.publication(),
        deadline=deadline("publish"),
        tags=["recall", "publish", family.name],
    ) as dag:
        ask = publication.For(family.name)
        index = stage(
            "index",
            "index",
            "build",
            ask.index,
            policy=task_policies.SERVING,
            needs=("mlflow",),
            doc="The FAISS index of the champion's candidate vectors.",
        )
        bundle = stage(
            "bundle",
            "index",
            "bundle",
            ask.bundle,
            policy=task_policies.SERVING,
            doc="Probes the index and gathers all that goes live together.",
        )
        load = stage(
            "load",
            "publish",
            "load",
            ask.load,
            policy=task_policies.SERVING,
            needs=("redis",),
            doc="Writes vectors and seen items to Redis under the new generation.",
        )
        verify = stage(
            "verify",
            "publish",
            "verify",
            ask.verify,
            policy=task_policies.SERVING,
            needs=("redis",),
            doc="Reads back what was written and compares.",
        )
        go_live = stage(
            "go_live",
            "publish",
            "go_live",
            ask.go_live,
            policy=task_policies.SERVING,
            needs=("redis",),
            outlets=[assets.live(family.name)],
            announce=publication.announce_live,
            doc="Flips the pointer in one atomic step.",
        )
        sweep = stage(
            "sweep",
            "publish",
            "sweep",
            ask.sweep,
            policy=task_policies.SERVING,
            needs=("redis",),
            doc="Deletes generations that are neither live nor the one before.",
        )
        chain(index, bundle, load, verify, go_live, sweep)
