"""How tasks are retried, how long they may take, how many run at once."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from recall.notices import Notice

# Waits: 10 s, 20 s, 40 s. A refusal (exit 2 to 6) is never retried, whatever stands here.
RETRIES = {
    "owner": "recall",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=5),
    "on_failure_callback": [Notice("failure")],
}
# How long a scheduled run waits for the files of its day, and how often it looks for them.
PATIENCE = (
    timedelta(hours=int(os.environ.get("RECALL_DELIVERY_HOURS") or 12)),
    timedelta(seconds=int(os.environ.get("RECALL_DELIVERY_SECONDS") or 600)),
)
CATCH_UP = os.environ.get("RECALL_CATCH_UP") == "yes"
START = datetime(1990, 1, 1, tzinfo=UTC)

INGEST = {
    **RETRIES,
    "pool": "ingest",
    "execution_timeout": timedelta(hours=2),
    "patience": PATIENCE,
}
TRAINING = {**RETRIES, "pool": "training", "execution_timeout": timedelta(hours=6)}
SERVING = {**RETRIES, "pool": "serving", "execution_timeout": timedelta(hours=1)}
ALIASES = {
    **SERVING,
    "pool": "aliases",
}  # one slot: whoever moves aliases does so alone, on whatever machine
FOLLOWING = {**RETRIES, "pool": "serving", "execution_timeout": timedelta(minutes=5)}  # of one look
APPROVAL = {
    **RETRIES,
    "pool": "serving",
    "response_timeout": timedelta(hours=12),
}  # waiting holds no slot; then it is a hold


def over(name: str) -> datetime | None:
    """The end of a day (UTC) that the environment gives, which is when the day is due; None where
    it is not set.
    """
    return (
        datetime.fromisoformat(os.environ[name]).replace(tzinfo=UTC) + timedelta(days=1)
        if os.environ.get(name)
        else None
    )
