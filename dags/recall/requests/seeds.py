"""Several trainings of one recipe that differ by their seed: the verdict then uses all of them, and
the first is what goes live.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import task

from recall import task_policies


@task(**task_policies.TRAINING)
def further(wanted: int) -> list[int]:
    """One number for each training beside the first; none for a single seed."""
    return list(range(1, int(wanted)))


def build(fit: Callable[[Any], dict]) -> Callable[[Any], dict]:
    """The request of a further training: the same with another seed, and neither recorded nor
    registered.
    """

    def request(context: Any) -> dict:
        asked = fit(context)
        return {**asked, "seed": asked["seed"] + context["task"].item, "track": False}

    return request


def trained(context: Any) -> list[str]:
    """The candidates of the further trainings of this run."""
    found = context["ti"].xcom_pull(task_ids="seeds") or []
    return [one["uri"] for one in ([found] if isinstance(found, dict) else found)]
