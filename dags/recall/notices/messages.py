"""What a notice says. Plain functions from a task's context; nothing is sent here."""

from __future__ import annotations

import dataclasses
import json
import os
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

LONGEST = 1500  # letters of an error's text
NEXT = {
    "hold": "Nothing has to be done. The tab Verdict of the run says why; overrule it by the "
    "DAG overrule if you know better.",
    "ask": "Answer on the page. Nobody's answer within 12 hours is a hold.",
    "promotion": "Nothing has to be done: publish_{family} puts it live next. To go back: the "
    "DAG rollback.",
    "rollback": "Find out why it was bad before the next training: the same candidate is held "
    "from now on, another one may be as bad.",
    "deadline": "See which task runs or waits. What is live goes on being served; it only "
    "grows older.",
}
FAILED = {
    "ingest": "No training has started. Open the report that the message names, repair or "
    "replace the files, then clear the task.",
    "train": "Read the task's log, then clear the task: it goes on where it stopped.",
    "publish": "Clear the task: a publication can be repeated at any point.",
    "rollback": "Look at what is live before trying again: python -m tasks.publish status.",
}


@dataclasses.dataclass(frozen=True)
class Told:
    """One notice.

    Attributes:
        kind: failure, hold, ask, promotion, rollback or deadline.
        title: one line.
        happened: what happened, with the reason.
        live: what is live now, a line for each family.
        page: where to look.
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
        """As the body of an e-mail: nothing but what stands here, escaped."""
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

    def plain(self) -> dict:
        """As JSON; `text` is what chat programs show."""
        return {**dataclasses.asdict(self), "live": list(self.live), "text": self.text()}


def of_task(kind: str, context: Any) -> Told:
    """What a task's end, or its question, is told as."""
    ti = context["ti"]
    family = _family(ti.dag_id, context)
    page = (
        f"{run_page(ti.dag_id, ti.run_id, 'approve')}/required_actions"
        if kind == "ask"
        else run_page(ti.dag_id, ti.run_id, ti.task_id)
    )
    title, happened = _SAID[kind](context, family or ti.dag_id)
    following = (
        FAILED.get(ti.dag_id.partition("_")[0], FAILED["train"])
        if kind == "failure"
        else NEXT[kind].format(family=family)
    )
    return Told(kind, title, happened, live(family), page, following)


def of_deadline(dag: str, run: str, day: str | None, hours: float) -> Told:
    """What a run that is late is told as."""
    family = _family(dag, {})
    return Told(
        "deadline",
        f"{dag} is late{f' for {day}' if day else ''}",
        f"The run was not over {_span(hours)} after it had been queued.",
        live(family),
        run_page(dag, run),
        NEXT["deadline"],
    )


def _span(hours: float) -> str:
    return f"{hours:g} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"


def run_page(dag: str, run: str, task: str | None = None) -> str:
    """The address in Airflow."""
    base = os.environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/")
    return f"{base}/dags/{quote(dag, safe='')}/runs/{quote(run, safe='')}" + (
        f"/tasks/{quote(task, safe='')}" if task else ""
    )


def live(family: str | None) -> tuple[str, ...]:
    """What the last recorded switch made live, of one family or of all: read from the store's
    audit, so that no service is asked.
    """
    at = urlsplit(os.environ.get("RECALL_STORE", ""))
    if at.scheme != "file":
        return ("see the console: the store is no folder of this machine",)
    root = Path(unquote(at.path)) / "audit"
    names = (
        [family]
        if family
        else sorted(path.name for path in root.iterdir() if path.is_dir())
        if root.is_dir()
        else []
    )
    return tuple(f"{name}: {_last(root / name)}" for name in names) or ("nothing yet",)


def _last(folder: Path) -> str:
    events = sorted(
        (json.loads(path.read_text()) for path in folder.glob("*/event.json")),
        key=lambda event: event["at"],
    )
    if not events:
        return "nothing"
    made = folder.parents[1] / "generations" / folder.name / events[-1]["to"] / "manifest.json"
    facts = json.loads(made.read_text())["facts"] if made.is_file() else {}
    of = f", version {facts['version']} of {facts['day']}" if facts else ""
    return f"generation {events[-1]['to']}{of}, by {events[-1]['by']}: {events[-1]['why']}"


def _family(dag: str, context: Any) -> str | None:
    """The family that a DAG is about: its name's second part, or what its form says."""
    return dag.partition("_")[2] or (context.get("params") or {}).get("family")


def _failure(context: Any, what: str) -> tuple[str, str]:
    ti = context["ti"]
    reason = str(context.get("exception") or "no reason was given")
    tries = f"{ti.try_number} tries" if ti.try_number > 1 else "one try"
    return f"{ti.dag_id}.{ti.task_id} has failed", f"After {tries}: {reason[:LONGEST]}"


def _hold(context: Any, family: str) -> tuple[str, str]:
    verdict = _result(context, "gate")
    said = context["ti"].xcom_pull(task_ids="approve") or {}
    answer = " Turned down by a person." if said.get("chosen_options") == ["Reject"] else ""
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
    found = context["ti"].xcom_pull(task_ids=task)
    return found if isinstance(found, dict) else {}


_SAID = {
    "failure": _failure,
    "hold": _hold,
    "ask": _ask,
    "promotion": _promotion,
    "rollback": _rollback,
}
