"""What pruning is asked for."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from recall.requests import common


def asked(context: Any) -> dict:
    return {"store": common.store(), "keep_days": context["params"]["keep_days"]}


def unless_only_planned(context: Any) -> dict:
    if context["params"]["only_plan"]:
        raise AirflowSkipException("the form asks only for the plan")
    return asked(context)
