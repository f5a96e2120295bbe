"""The requests of pruning."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from recall.requests import common


def plan(context: Any) -> dict:
    """The request for the plan."""
    return {"store": common.store(), "keep_days": context["params"]["keep_days"]}


def apply(context: Any) -> dict:
    """The request to delete; skipped when the form asks only for the plan."""
    if context["params"]["only_plan"]:
        raise AirflowSkipException("the form asks only for the plan")
    return plan(context)
