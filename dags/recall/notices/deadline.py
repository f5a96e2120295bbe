"""The deadline on the daily chain: ingestion, training and publication each have their part of the
hours that the whole may take.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Any

from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference

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
        raise ValueError(
            f"{VARIABLE} is {given!r}; allowed is a number of hours, 0 for no deadline"
        )
    return wanted


def deadline(part: str) -> DeadlineAlert | None:
    """The deadline of one part of the chain, counted from when its run is queued."""
    allowed = hours() * PARTS[part]
    if not allowed:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=allowed),
        callback=AsyncCallback(missed, {"hours": allowed}),
        name=f"{part} within {allowed:g} h",
    )


async def missed(hours: float, context: Any = None) -> None:
    """Tell that a run is late; called by the triggerer, once a run. One that has failed was told of
    already.

    The triggerer imports this: `dags/` stands in its PYTHONPATH.
    """
    from recall.notices import channels, messages
    from recall.notices.notice import deliver

    run = (context or {}).get("dag_run") or {}
    if run.get("state") == "failed":
        return
    at = await channels.connection_of_triggerer()
    await asyncio.to_thread(
        deliver,
        "deadline",
        lambda: messages.of_deadline(
            run["dag_id"], run["dag_run_id"], run.get("partition_key"), hours
        ),
        lambda: at,
    )
