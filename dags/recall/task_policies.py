"""Retries, time limits and pools of the tasks."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from recall.notices import Notice

# Waits 10 s, 20 s, 40 s. A refusal (exit 2 to 6) is never retried, whatever is set here.
RETRIES = {
    "owner": "recall",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "on_failure_callback": [Notice("failure")],
}
# For how long and how often a scheduled run looks for the files of its day.
DELIVERY_WAIT = (
    timedelta(hours=int(os.environ.get("RECALL_DELIVERY_HOURS") or 12)),
    timedelta(seconds=int(os.environ.get("RECALL_DELIVERY_SECONDS") or 600)),
)
CATCH_UP = os.environ.get("RECALL_CATCH_UP") == "yes"
START = datetime(1990, 1, 1, tzinfo=UTC)

INGEST = {
    **RETRIES,
    "pool": "ingest",
    "execution_timeout": timedelta(hours=2),
    "delivery_wait": DELIVERY_WAIT,
}
TRAINING = {**RETRIES, "pool": "training", "execution_timeout": timedelta(hours=6)}
SERVING = {**RETRIES, "pool": "serving", "execution_timeout": timedelta(hours=1)}
# The pool has one slot: no two tasks move aliases at a time, on whatever machines.
ALIASES = {**SERVING, "pool": "aliases"}
# The limit is that of one look.
SENSOR = {**RETRIES, "pool": "serving", "execution_timeout": timedelta(minutes=5)}
# Waiting holds no slot. Without an answer in time the challenger is held.
APPROVAL = {**RETRIES, "pool": "serving", "response_timeout": timedelta(hours=12)}


def end_of_day(name: str) -> datetime | None:
    """The end (UTC) of the day that a variable names; None where the variable is not set.

    Example:
        RECALL_LAST_DAY=1998-04-22 gives 1998-04-23 00:00 UTC, when that day is due.
    """
    return (
        datetime.fromisoformat(os.environ[name]).replace(tzinfo=UTC) + timedelta(days=1)
        if os.environ.get(name)
        else None
    )
