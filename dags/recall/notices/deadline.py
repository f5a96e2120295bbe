"""The deadline on the daily chain: ingestion, training and publication each have their part of the hours that the whole may take."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import DeadlineAlert, DeadlineReference, SyncCallback

PARTS = {"ingest": 0.25, "train": 0.5, "publish": 0.25}
VARIABLE, HOURS = "RECALL_DEADLINE_HOURS", 8.0


def hours() -> float:
    """How long the chain of a day may take, from RECALL_DEADLINE_HOURS; 0 for no deadline.

    Raises:
        ValueError: not a number of hours.
    """
    given = os.environ.get(VARIABLE)
    try:
        wanted = float(given) if given else HOURS
    except ValueError:
        wanted = -1.0
    if not 0 <= wanted <= 24 * 365:
        raise ValueError(f"{VARIABLE} is {given!r}; allowed is a number of hours, 0 for no deadline")
    return wanted


def deadline(part: str) -> DeadlineAlert | None:
    """The deadline of one part of the chain, counted from when its run is queued."""
    allowed = hours() * PARTS[part]
    if not allowed:
        return None
    return DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=timedelta(hours=allowed),
                         callback=SyncCallback(missed, {"hours": allowed}), name=f"{part} within {allowed:g} h")


def missed(hours: float, context: Any = None) -> None:
    """Tell that a run is late; called by Airflow's executor, once a run."""
    from recall.notices import told
    from recall.notices.notice import deliver

    run = (context or {}).get("dag_run") or {}
    deliver(lambda: told.of_deadline(run["dag_id"], run["dag_run_id"], run.get("partition_key"), hours), "deadline")
