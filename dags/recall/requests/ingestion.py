"""The request of ingestion, and what its asset event carries."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from recall.forms.ingest import ENVIRONMENT, NESTED, PLAIN
from recall.operators.stage_operator import WAITS
from recall.requests import common


def snapshot(context: Any) -> dict:
    """The request of a day's snapshot. A field that the form leaves empty comes from the
    environment, else it is the stage's default.
    """
    day = common.day(context)
    if not day:
        raise AirflowFailException(
            "no day is given: trigger with a partition key YYYY-MM-DD, or fill in `day` in the form"
        )
    filled_in = _filled_in(context["params"])
    if "location" not in filled_in:
        raise AirflowFailException(
            "no source is given: set RECALL_LOCATION to the folder of the data set (or to the "
            "TOML file of your own data), "
            "or fill in `location` in the form"
        )
    nested = {
        setting: {
            name: filled_in[f"{setting}_{name}"]
            for name in fields
            if f"{setting}_{name}" in filled_in
        }
        for setting, fields in NESTED.items()
    }
    plain = {name: filled_in[name] for name in (*PLAIN, "repaired") if name in filled_in}
    if "recommend_seen" in plain:  # a list of the form shows texts only
        plain["recommend_seen"] = plain["recommend_seen"] == "true"
    cluster = (
        {"spark": {"master": master}} if (master := os.environ.get("RECALL_SPARK_MASTER")) else {}
    )
    waits = {WAITS: True} if common.is_scheduled(context) else {}
    return {
        "store": common.store(),
        "dataset": common.dataset(),
        "day": day,
        **cluster,
        **waits,
        **plain,
        **nested,
    }


def verb(request: dict) -> str:
    """The verb: `replay` with repaired rows, else `snapshot`.

    One DAG does both, so that no day is made twice at a time and its asset has one producer.
    """
    return "replay" if "repaired" in request else "snapshot"


def announce(result: dict) -> dict:
    """The extra of the asset event."""
    return {
        "snapshot": result["uri"],
        "day": result["day"],
        "report": result["report"],
        "warnings": result["warnings"],
    }


def _filled_in(params: Any) -> dict:
    """Every setting that the form or the environment names."""
    from_environment = {
        name: os.environ[variable]
        for name, variable in ENVIRONMENT.items()
        if os.environ.get(variable)
    }
    return from_environment | {
        name: value for name, value in params.items() if value not in (None, "")
    }
