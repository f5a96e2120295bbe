"""Daily: read the new interactions, refuse what is not right, and write the day's snapshot."""

from __future__ import annotations

from airflow.sdk import DAG, CronPartitionTimetable

from recall import assets, forms, ingestion, policies
from recall.stages import stage

DOC = """
### Ingest a day

Reads the source with Spark, marks bad rows with a reason and puts them into quarantine, lets Great Expectations judge the
batch, splits by time, and writes the day's snapshot whole or not at all. Every training follows from the asset `interactions`.

The partition key is the day. A static data set is replayed by its own timestamps: a day holds all interactions up to and
including it. By hand: *Trigger* with a day. Many days: *Backfill*.
"""

with DAG(
    "ingest",
    description="Validated interactions of a day, as a snapshot",
    doc_md=DOC,
    schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    # A data set that has ended is scheduled only within its own days; a live one sets neither.
    start_date=policies.moment("RECALL_FIRST_DAY") or policies.START,
    end_date=policies.moment("RECALL_LAST_DAY"),
    catchup=False,
    max_active_runs=1,
    params=forms.ingest(),
    tags=["recall", "ingest"],
) as dag:
    stage("snapshot", "ingest", "snapshot", ingestion.snapshot, policy=policies.INGEST, outlets=[assets.INTERACTIONS],
          announce=ingestion.announce, doc="Read, judge rows, quarantine, judge the batch, split, write the snapshot.")
