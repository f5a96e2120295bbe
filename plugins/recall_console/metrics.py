"""Metrics for Prometheus, made on request from the store and Airflow's database. The reader has its
own, `Reader.metrics()`.

The route is never open: the scraper sends the token of RECALL_METRICS_TOKEN, or the password of the
connection `recall_metrics`, as a bearer token.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator

from fastapi import Request

from recall_console import airflow_state, days, models
from recall_console.auth import logged_in, permitted
from recall_console.documents import MALFORMED
from recall_console.settings import NotFound, Unavailable, connection

ROW_KINDS = {"rows_in": "read", "kept": "kept", "quarantined": "quarantined"}
HELP = {
    "recall_up": "1 where a source of these metrics could be read.",
    "recall_rows": "Rows of the newest day, by what became of them.",
    "recall_quarantined_rows": "Quarantined rows of the newest day, by reason.",
    "recall_data_age_hours": "Hours since the end of the newest day that has a snapshot; 0 "
    "while a data set that has ended is replayed.",
    "recall_live_age_hours": "Hours since the end of the day of what is live.",
    "recall_freshness_target_hours": "How old what is live may be.",
    "recall_live_generation_info": "1 for the generation that the last recorded switch made live.",
    "recall_live_since_timestamp_seconds": "When it went live.",
    "recall_published_vectors": "Vectors of the live generation, by kind.",
    "recall_index_recall": "What the live index finds of what exact search finds.",
    "recall_verdict_timestamp_seconds": "When the newest verdict was made, with its outcome.",
    "recall_verdict_difference": "Difference of the newest verdict in the metric that decides: "
    "mean, low, high.",
    "recall_stage_seconds": "Seconds of each task in the newest run that succeeded.",
    "recall_runs": "Runs of each DAG by state, as Airflow keeps them.",
    "recall_waiting_for_a_person": "Tasks that wait for an answer.",
    "recall_pool_slots": "Slots of each pool by what they do; queued and scheduled is the queue.",
}
Sample = tuple[str, dict[str, str], float]


async def authorize(request: Request) -> None:
    """Admit a scraper with the token, and a person who is logged in to Airflow and may read a
    training there.

    Raises:
        HTTPException: 401 for somebody who is neither, 403 for one who may read none.
    """
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    sent, expected = sent.strip() if scheme.lower() == "bearer" else "", token()
    if expected and sent and hmac.compare_digest(sent.encode(), expected.encode()):
        return
    from fastapi.security import HTTPAuthorizationCredentials

    await permitted(
        await logged_in(
            request,
            HTTPAuthorizationCredentials(scheme="Bearer", credentials=sent) if sent else None,
        )
    )


def token() -> str:
    """The scraper's token; empty where none is set."""
    if set := os.environ.get("RECALL_METRICS_TOKEN"):
        return set
    at = connection("recall_metrics")
    return (at.password or "") if at else ""


def text() -> str:
    """All metrics in the text exposition; `recall_up` is 0 for a source that cannot be read."""
    by_name: dict[str, list[str]] = {}
    dags = {
        dag
        for dag in airflow_state.active_dags()
        if dag == "ingest" or dag.startswith((airflow_state.TRAIN, airflow_state.PUBLISH))
    }
    for source, read in {
        "store": lambda: store_samples(airflow_state.families_of(dags)),
        "airflow": lambda: airflow_samples(dags),
    }.items():
        try:
            lines, up = [(sample[0], sample_line(sample)) for sample in read()], 1
        except (Unavailable, OSError, NotFound, *MALFORMED):
            lines, up = [], 0
        lines.append(("recall_up", sample_line(("recall_up", {"source": source}, up))))
        for name, line in lines:
            by_name.setdefault(name, []).append(line)
    return "".join(
        f"# HELP {name} {HELP[name]}\n# TYPE {name} gauge\n" + "".join(name_lines)
        for name, name_lines in by_name.items()
    )


def store_samples(families: list[str]) -> Iterator[Sample]:
    """The samples from the store: rows, freshness, verdicts, live generations."""
    if newest := days.data()["days"]:
        for name, kind in ROW_KINDS.items():
            yield "recall_rows", {"kind": kind}, newest[0]["accounts"].get(name, 0)
        for reason, rows in newest[0]["quarantine"].items():
            yield "recall_quarantined_rows", {"reason": reason}, rows
    live: dict[str, str | None] = {}
    for family in families:
        yield from _family_samples(family, live)
    fresh = days.freshness(live)
    yield "recall_freshness_target_hours", {}, fresh["target_hours"]
    if fresh["data"]["hours"] is not None:
        yield "recall_data_age_hours", {}, fresh["data"]["hours"]
    for family, one in fresh["live"].items():
        if one["hours"] is not None:
            yield "recall_live_age_hours", {"family": family}, one["hours"]


def _family_samples(family: str, live: dict[str, str | None]) -> Iterator[Sample]:
    last = models.last_live(family)
    made = models.generation(family, last["generation"]) if last else None
    live[family] = made["day"] if made else None
    if last and made:
        of = {"family": family}
        yield (
            "recall_live_generation_info",
            {**of, "generation": made["id"], "version": made["version"] or "", "day": made["day"]},
            1,
        )
        yield "recall_live_since_timestamp_seconds", of, last["since"]
        yield "recall_index_recall", of, made["probe"]["recall"]
        for kind in ("items", "users"):
            yield "recall_published_vectors", {**of, "kind": kind}, made["counts"][kind] or 0
    if newest := models.newest_verdict(family):
        yield (
            "recall_verdict_timestamp_seconds",
            {"family": family, "outcome": newest["outcome"], "question": newest["question"]},
            newest["made"],
        )
        difference = newest["difference"].get(newest["metric"], {})
        for part in [name for name in ("mean", "low", "high") if name in difference]:
            yield (
                "recall_verdict_difference",
                {
                    "family": family,
                    "metric": newest["metric"],
                    "to": newest["difference_to"],
                    "part": part,
                },
                difference[part],
            )


def airflow_samples(dags: set[str]) -> Iterator[Sample]:
    """The samples from Airflow: seconds, runs, tasks that wait for a person, slots."""
    for (dag, task), seconds in sorted(airflow_state.seconds_by_task(dags).items()):
        yield "recall_stage_seconds", {"dag": dag, "task": task}, round(seconds, 3)
    for (dag, state), count in sorted(airflow_state.runs_by_state(dags).items()):
        yield "recall_runs", {"dag": dag, "state": state}, count
    yield "recall_waiting_for_a_person", {}, len(airflow_state.waiting_tasks(dags))
    for pool, kinds in sorted(airflow_state.pool_slots().items()):
        for kind, slots in kinds.items():
            yield "recall_pool_slots", {"pool": pool, "kind": kind}, slots


def sample_line(sample: Sample) -> str:
    """One line of the exposition."""
    name, labels, value = sample
    pairs = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value:.10g}\n" if pairs else f"{name} {value:.10g}\n"


def _escape(text: str) -> str:
    return str(text).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
