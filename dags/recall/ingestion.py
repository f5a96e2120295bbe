"""What ingestion is asked for, and what it tells those who wait for it."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from recall import forms, requests


def snapshot(context: Any) -> dict:
    """The request of a day's snapshot; the source comes from RECALL_FORMAT and RECALL_LOCATION unless the form names another."""
    params, day = context["params"], requests.day(context)
    if not day:
        raise AirflowFailException("no day is given: trigger with a partition key YYYY-MM-DD, or fill in `day` in the form")
    location = params.get("location") or os.environ.get("RECALL_LOCATION")
    if not location:
        raise AirflowFailException("no source is given: set RECALL_LOCATION to the folder of the data set, or fill in `location` in the form")
    split = {"method": params["split_method"], "test": params["test_rows"], "validation": params["validation_rows"]}
    return {"store": requests.store(), "dataset": requests.dataset(), "location": location,
            "format": params.get("format") or os.environ.get("RECALL_FORMAT", "movielens-100k"), "day": day, "split": split,
            **requests.settings(context, list(forms.INGEST))}


def announce(result: dict) -> dict:
    return {"snapshot": result["uri"], "day": result["day"]}
