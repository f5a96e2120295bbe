"""Daily: read the new interactions, validate them, and write the day's snapshot."""

from __future__ import annotations

from airflow.sdk import DAG, CronPartitionTimetable

from recall import assets, task_policies
from recall.forms import ingest
from recall.notices import deadline
from recall.operators.stage_operator import stage
from recall.requests import ingestion

DOC = """
### Ingest a day

Reads the source with Spark, puts invalid rows into quarantine with a reason, validates the batch
with Great Expectations, splits it, and writes the day's snapshot whole or not at all. Every
training starts from the asset `interactions`.

The partition key is the day. A static data set is replayed by its own timestamps: a day holds all
interactions up to and including it. The same day, source and settings give the same snapshot,
however often they run.

**A red run** has written no snapshot and started no training; what is live stays live. The last
line of the log of `snapshot` says what is wrong, and what to do:

- *the data is refused*: the source has too many bad rows, or a value that the suite of expectations
  rules out. Not retried. Look at the report that the line names
  (`refused/<dataset>/<day>/` in the store), repair or replace the files, then clear the task or
  trigger the day again. Only if the data is right and the bound wrong: change *Bad rows at most* or
  *Expectations* in the form.
- *the request is wrong*: a setting or the location; the line says which. Not retried.
- *no delivery came within*: the files of the day did not come within `RECALL_DELIVERY_HOURS`. The
  next day is not held up, and takes in what comes later; or trigger the day once they are there.
- *ended with*, *was killed*: a service was down or there is a bug; the task was tried four times.

**A run that waits** (`up_for_reschedule`): the day is due and its files are not there yet. The run
looks every ten minutes and holds no slot. A run that you trigger by hand fails instead.

**A green run can have warnings**: the task's log, its XCom and the asset event's extra have them
and the address of the report.

**Repair and replay**: the bad rows of an accepted day are in `quarantine/<dataset>/<day>/`. Write
them to a file with `python -m tasks.ingest quarantine '{"store": …, "dataset": …, "day": …, "out":
"/tmp/rows.jsonl"}'` (or `make quarantine`), repair them there, and trigger this DAG for the day
with the file as *Repaired rows*. The day is made again with them, and trainings follow.

**Many days**: *Trigger* → *Backfill*, or

    airflow backfill create --dag-id ingest --from-date 2026-11-16 --to-date 2026-11-22 \\
        --max-active-runs 1

Both ends are partition days and included. Days that already ran are left alone, unless
`--reprocess-behavior` is `failed` or `completed`. Each day starts its trainings: pause the
`train_…` DAGs first if only the newest is to be trained on.
"""

with DAG(
    "ingest",
    dag_display_name="1 Ingest",
    description="Validated interactions of a day, as a snapshot",
    doc_md=DOC,
    schedule=CronPartitionTimetable(
        "0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"
    ),
    # A data set that has ended is scheduled only within its own days; one that grows has no
    # last day.
    start_date=task_policies.end_of_day("RECALL_FIRST_DAY") or task_policies.START,
    end_date=task_policies.end_of_day("RECALL_LAST_DAY"),
    catchup=task_policies.CATCH_UP,
    # a day may wait for its delivery while the next one runs; the pool lets one work at a time
    max_active_runs=4,
    params=ingest.form(),
    deadline=deadline("ingest"),
    tags=["recall", "ingest"],
) as dag:
    stage(
        "snapshot",
        "ingest",
        ingestion.verb,
        ingestion.snapshot,
        policy=task_policies.INGEST,
        outlets=[assets.INTERACTIONS],
        announce=ingestion.announce,
        doc="Fetch, parse, quarantine invalid rows, assess the batch, split, write the snapshot; "
        "with repaired rows, replay the day.",
    )
