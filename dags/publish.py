"""One DAG per family: build and probe the champion's index, load it next to the live generation,
and switch in one step.
"""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, chain

from recall import assets, task_policies
from recall.families import FAMILIES
from recall.forms import operations
from recall.notices import deadline
from recall.operators.stage_operator import stage
from recall.requests import publication

DOC = """
### Publish {title}

**index** → **bundle** (search parameters tuned and probed against exact search; below *Minimum
recall* nothing goes live) → **load** (next to the live generation) → **verify** (read back) →
**go_live** (one atomic step) → **sweep** (generations that are neither live nor the previous one).

A run that is killed at any moment leaves the live generation whole; run it again. To go back: the
DAG *Roll back*.
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
        params=operations.publication_form(),
        deadline=deadline("publish"),
        tags=["recall", "publish", family.name],
    ) as dag:
        ask = publication.PublicationRequests(family.name)
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
            doc="Probes the index and writes the generation: everything that goes live together.",
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
            doc="Reads the loaded generation back and compares it with its folder.",
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
            doc="Switches the live pointer in one atomic step.",
        )
        sweep = stage(
            "sweep",
            "publish",
            "sweep",
            ask.sweep,
            policy=task_policies.SERVING,
            needs=("redis",),
            doc="Deletes generations that are neither live nor the previous one.",
        )
        chain(index, bundle, load, verify, go_live, sweep)
