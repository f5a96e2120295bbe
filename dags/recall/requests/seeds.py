"""Several trainings of one recipe that differ by their seed. The verdict uses all of them; the
first goes live.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import task

from recall import task_policies


@task(**task_policies.TRAINING)
def further(seeds: int) -> list[int]:
    """One number for each training after the first; none for a single seed."""
    return list(range(1, int(seeds)))


def request_for_seed(fit: Callable[[Any], dict]) -> Callable[[Any], dict]:
    """The request of a further training: the same with another seed, not recorded in MLflow and not
    registered.
    """

    def request(context: Any) -> dict:
        first = fit(context)
        return {**first, "seed": first["seed"] + context["task"].item, "track": False}

    return request


def trained_candidates(context: Any) -> list[str]:
    """The URIs of the candidates that the further trainings of this run wrote."""
    results = context["ti"].xcom_pull(task_ids="seeds") or []
    return [result["uri"] for result in ([results] if isinstance(results, dict) else results)]
