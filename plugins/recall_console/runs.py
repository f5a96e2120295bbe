"""Summarises one run of a DAG for its tab: the verdict of a training, the generation of a
publication, the rows of an ingestion.
"""

from __future__ import annotations

from recall_console import airflow_state, models
from recall_console.documents import MALFORMED, document, moment, path_of_uri
from recall_console.running_tasks import running_tasks
from recall_console.settings import NotFound

# Task → the fields of its result that the tab shows.
RESULT_FIELDS = {
    "snapshot": ("day", "rows_in", "kept", "quarantined", "users", "items", "warnings"),
    "fit": ("version", "day"),
    "index": ("factory", "vectors", "bytes"),
    "bundle": ("id", "version", "probe"),
    "load": ("generation", "items", "users", "bytes", "vectors_per_s"),
    "go_live": ("generation", "previous", "version", "day", "fence"),
    "sweep": ("deleted", "kept"),
    "pointer": ("generation", "previous", "seconds_live"),
    "registry": ("version", "previous", "why", "by"),
    "force": ("version", "previous", "why", "by"),
    "refuse": ("version", "why", "by"),
    "promote": ("version", "previous", "day"),
    "conclude": ("study", "value", "settings", "complete"),
}


def run_summary(dag: str, run: str) -> dict:
    """The run, the states of its tasks, the running ones, their results, and its verdict if it has
    one.

    Raises:
        NotFound: there is no such run.
    """
    found = airflow_state.run_state(dag, run)
    results = {_kind(task): value for task, value in airflow_state.results(dag, run).items()}
    shown = {
        task: {name: results[task][name] for name in names if name in results[task]}
        for task, names in RESULT_FIELDS.items()
        if isinstance(results.get(task), dict)
    }
    return {
        **found,
        "page": airflow_state.page(dag, run),
        "working": running_tasks({dag}, run),
        "results": {task: values for task, values in shown.items() if values},
        "verdict": _verdict(results.get("gate")),
    }


def _kind(task: str) -> str:
    """The task's name without its family: each family has a force task of its own."""
    return "force" if task.startswith("force_") else task


def _verdict(gate: object) -> dict | None:
    """The verdict that the task `gate` of this run wrote: from the store, else from the task's
    result.
    """
    if not isinstance(gate, dict) or "uri" not in gate:
        return None
    try:
        folder = path_of_uri(gate["uri"])
        return {
            **models.verdict_summary(document(folder / "verdict.json")),
            "id": folder.name,
            "made": moment(document(folder / "manifest.json")["created"]),
        }
    except (NotFound, *MALFORMED) as error:
        return {
            "family": gate.get("family"),
            "outcome": gate.get("outcome"),
            "reason": gate.get("reason"),
            "gone": str(error)[:200],
        }
