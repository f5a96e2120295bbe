"""Builds notifications: plain functions from a task's context. Nothing is sent here."""

from __future__ import annotations

import dataclasses
import json
import os
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

MAX_ERROR_CHARACTERS = 1500  # of an error's text
NEXT_STEPS = {
    "hold": "Nothing has to be done. The tab Verdict of the run says why; overrule it by the "
    "DAG overrule if you know better.",
    "ask": "Answer on the page. If nobody answers within 12 hours, the challenger is held.",
    "promotion": "Nothing has to be done: publish_{family} puts it live next. To go back: the "
    "DAG rollback.",
    "rollback": "Find out why it was bad before the next training: the same candidate is held "
    "from now on, another one may be as bad.",
    "deadline": "See which task runs or waits. What is live goes on being served; it only "
    "grows older.",
}
NEXT_STEPS_AFTER_FAILURE = {
    "ingest": "No training has started. Open the report that the message names, repair or "
    "replace the files, then clear the task.",
    "train": "Read the task's log, then clear the task: it goes on where it stopped.",
    "publish": "Clear the task: a publication can be repeated at any point.",
    "rollback": "Look at what is live before trying again: python -m tasks.publish status.",
}


@dataclasses.dataclass(frozen=True)
class Notification:
    """One notification.

    Attributes:
        kind: failure, hold, ask, promotion, rollback or deadline.
        title: one line.
        happened: what happened, with the reason.
        live: what is live now, one line a family.
        page: the address of the page to look at.
        next: what to do.
    """

    kind: str
    title: str
    happened: str
    live: tuple[str, ...]
    page: str
    next: str

    def text(self) -> str:
        """As plain text."""
        return "\n".join(
            [
                self.title,
                "",
                self.happened,
                "",
                "Live now:",
                *(f"  {line}" for line in self.live),
                "",
                f"Next: {self.next}",
                f"Page: {self.page}",
            ]
        )

    def html(self) -> str:
        """As the body of an e-mail: the fields only, escaped."""
        live = "".join(f"<li>{escape(line)}</li>" for line in self.live)
        link = (
            f'<a href="{escape(self.page, quote=True)}">{escape(self.page)}</a>'
            if self.page.startswith(("http://", "https://"))
            else escape(self.page)
        )
        return (
            f"<h3>{escape(self.title)}</h3><p>{escape(self.happened)}</p><p>Live "
            f"now:</p><ul>{live}</ul><p><b>Next:</b> {escape(self.next)}</p><p>{link}</p>"
        )

    def to_json(self) -> dict:
        """As the JSON of a webhook; chat programs show its `text`."""
        return {**dataclasses.asdict(self), "live": list(self.live), "text": self.text()}


def task_notification(kind: str, context: Any) -> Notification:
    """The notification of a task's end, or of its question.

    Args:
        kind: failure, hold, ask, promotion or rollback.
        context: the task's context.
    """
    ti = context["ti"]
    family = _family(ti.dag_id, context)
    page = (
        f"{run_page(ti.dag_id, ti.run_id, 'approve')}/required_actions"
        if kind == "ask"
        else run_page(ti.dag_id, ti.run_id, ti.task_id)
    )
    title, happened = _SENTENCES[kind](context, family or ti.dag_id)
    following = (
        NEXT_STEPS_AFTER_FAILURE.get(ti.dag_id.partition("_")[0], NEXT_STEPS_AFTER_FAILURE["train"])
        if kind == "failure"
        else NEXT_STEPS[kind].format(family=family)
    )
    return Notification(kind, title, happened, live_generations(family), page, following)


def deadline_notification(dag: str, run: str, day: str | None, hours: float) -> Notification:
    """The notification of a run that is not over `hours` after it was queued."""
    family = _family(dag, {})
    return Notification(
        "deadline",
        f"{dag} is late{f' for {day}' if day else ''}",
        f"The run was not over {_span(hours)} after it had been queued.",
        live_generations(family),
        run_page(dag, run),
        NEXT_STEPS["deadline"],
    )


def _span(hours: float) -> str:
    return f"{hours:g} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"


def run_page(dag: str, run: str, task: str | None = None) -> str:
    """The address in Airflow."""
    base = os.environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/")
    return f"{base}/dags/{quote(dag, safe='')}/runs/{quote(run, safe='')}" + (
        f"/tasks/{quote(task, safe='')}" if task else ""
    )


def live_generations(family: str | None) -> tuple[str, ...]:
    """One line a family: the generation that the last recorded switch made live.

    It is read from the store's audit records, so that no service has to answer.

    Args:
        family: None for all families.
    """
    uri = urlsplit(os.environ.get("RECALL_STORE", ""))
    if uri.scheme != "file":
        return ("see the console: the store is no folder of this machine",)
    root = Path(unquote(uri.path)) / "audit"
    names = (
        [family]
        if family
        else sorted(path.name for path in root.iterdir() if path.is_dir())
        if root.is_dir()
        else []
    )
    return tuple(f"{name}: {_last_switch(root / name)}" for name in names) or ("nothing yet",)


def _last_switch(folder: Path) -> str:
    events = sorted(
        (json.loads(path.read_text()) for path in folder.glob("*/event.json")),
        key=lambda event: event["at"],
    )
    if not events:
        return "nothing"
    manifest = folder.parents[1] / "generations" / folder.name / events[-1]["to"] / "manifest.json"
    facts = json.loads(manifest.read_text())["facts"] if manifest.is_file() else {}
    version = f", version {facts['version']} of {facts['day']}" if facts else ""
    return f"generation {events[-1]['to']}{version}, by {events[-1]['by']}: {events[-1]['why']}"


def _family(dag: str, context: Any) -> str | None:
    """The family of a DAG: the second part of its id, else the family in its form."""
    return dag.partition("_")[2] or (context.get("params") or {}).get("family")


def _failure(context: Any, what: str) -> tuple[str, str]:
    ti = context["ti"]
    reason = str(context.get("exception") or "no reason was given")
    tries = f"{ti.try_number} tries" if ti.try_number > 1 else "one try"
    return f"{ti.dag_id}.{ti.task_id} has failed", f"After {tries}: {reason[:MAX_ERROR_CHARACTERS]}"


def _hold(context: Any, family: str) -> tuple[str, str]:
    verdict = _result(context, "gate")
    response = context["ti"].xcom_pull(task_ids="approve") or {}
    answer = " Turned down by a person." if response.get("chosen_options") == ["Reject"] else ""
    return (
        f"{family}: version {verdict.get('version')} of {verdict.get('day')} is held",
        f"{verdict.get('reason', 'the verdict cannot be read')}.{answer}",
    )


def _ask(context: Any, family: str) -> tuple[str, str]:
    verdict = _result(context, "gate")
    return (
        f"{family}: version {verdict.get('version')} of {verdict.get('day')} waits for a person",
        f"The verdict is {verdict.get('outcome')}: {verdict.get('reason')}",
    )


def _promotion(context: Any, family: str) -> tuple[str, str]:
    moved = _result(context, context["ti"].task_id)
    why = moved.get("why") or _result(context, "gate").get("reason")
    by = f" by {moved['by']}" if moved.get("by") else ""
    return (
        f"{family}: version {moved.get('version')} is the champion{by}",
        f"After version {moved.get('previous') or 'none'}: {why}",
    )


def _rollback(context: Any, family: str) -> tuple[str, str]:
    moved = _result(context, context["ti"].task_id)
    params = context.get("params") or {}
    return (
        f"{family}: rolled back to generation {moved.get('generation')}",
        f"Generation {moved.get('previous')} was taken back: {params.get('why')}",
    )


def _result(context: Any, task: str) -> dict:
    result = context["ti"].xcom_pull(task_ids=task)
    return result if isinstance(result, dict) else {}


_SENTENCES = {
    "failure": _failure,
    "hold": _hold,
    "ask": _ask,
    "promotion": _promotion,
    "rollback": _rollback,
}
