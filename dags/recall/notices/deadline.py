"""The deadline of the daily chain: ingestion, training and publication each have a share of the
hours that the whole chain may take.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Any

from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference

SHARES = {"ingest": 0.25, "train": 0.5, "publish": 0.25}
VARIABLE, DEFAULT_HOURS = "RECALL_DEADLINE_HOURS", 8.0


def chain_hours() -> float:
    """How long the chain of a day may take, from RECALL_DEADLINE_HOURS; 0 for no deadline.

    Raises:
        ValueError: not a number of hours.
    """
    value = os.environ.get(VARIABLE)
    try:
        hours = float(value) if value else DEFAULT_HOURS
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= 24 * 365:
        raise ValueError(
            f"{VARIABLE} is {value!r}; allowed is a number of hours, 0 for no deadline"
        )
    return hours


def deadline(part: str) -> DeadlineAlert | None:
    """The deadline of one part of the chain, counted from when its run is queued."""
    allowed = chain_hours() * SHARES[part]
    if not allowed:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=allowed),
        callback=AsyncCallback(missed, {"hours": allowed}),
        name=f"{part} within {allowed:g} h",
    )


async def missed(hours: float, context: Any = None) -> None:
    """Notify people that a run is late, unless it has failed, which they know already.

    The triggerer imports this function from `dags/`, which is in its PYTHONPATH, and calls it once
    a run. Airflow's database holds its name.
    """
    from recall.notices import channels, messages
    from recall.notices.notice import deliver

    run = (context or {}).get("dag_run") or {}
    if run.get("state") == "failed":
        return
    connection = await channels.connection_in_triggerer()
    await asyncio.to_thread(
        deliver,
        "deadline",
        lambda: messages.deadline_notification(
            run["dag_id"], run["dag_run_id"], run.get("partition_key"), hours
        ),
        lambda: connection,
    )
