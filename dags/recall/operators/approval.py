"""Asks a person between verdict and promotion when the form says so. Without an answer in time the
challenger is held.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param

from recall import task_policies
from recall.requests import common

METRIC_TITLES = {
    "recall_50": "recall@50",
    "ndcg_10": "NDCG@10",
    "hr_10": "hit rate@10",
    "coverage_50": "coverage@50",
}
OUTCOMES_THAT_WAIT = {
    "never": (),
    "borderline": ("ask",),
    "always": ("ask", "promote"),
}  # approval → outcomes that wait; a hold is never offered


class Approval(ApprovalOperator):
    """Shows the verdict and waits for *Approve* or *Reject*; passes at once when no approval is
    needed.

    The answer goes to `promote`, which records it with name and reason, a rejection too, so nothing
    is skipped here. No answer in time counts as *Reject*.
    """

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Show the verdict to the person who is asked."""
        verdict = common.result(context, "gate")
        self.subject = (
            f"{verdict['family']} {verdict['day']}: version {verdict['version']} is "
            f"to go live ({verdict['outcome']})"
        )
        self.body = verdict_markdown(verdict)

    def execute(self, context: Any) -> Any:
        if needs_approval(context):
            return super().execute(context)
        self.log.info(
            "the form's approval is %s: nobody is asked about this verdict",
            context["params"]["approval"],
        )
        return None

    def execute_complete(self, context: Any, event: dict) -> Any:
        return HITLOperator.execute_complete(self, context, event)


def approval() -> Approval:
    """The task between gate and promotion."""
    why = Param(
        None,
        type=["null", "string"],
        maxLength=500,
        title="Reason",
        description_md="Kept in the audit record.",
    )
    return Approval(
        task_id="approve",
        subject="",
        body="",
        defaults=Approval.REJECT,
        params={"why": why},
        doc_md="Waits for a person when the form asks for it; else passes.",
        **task_policies.APPROVAL,
    )


def needs_approval(context: Any) -> bool:
    """Whether the form asks for a person's approval of this run's verdict."""
    return (
        common.result(context, "gate")["outcome"]
        in OUTCOMES_THAT_WAIT[context["params"]["approval"]]
    )


def verdict_markdown(verdict: dict) -> str:
    """The verdict as Markdown: the reasons, then every model's metrics on the same users."""
    lines = [
        f"**{verdict['outcome']}**: {verdict['reason']}",
        "",
        *(
            f"- {check['name']} ({check['says']}): {check['sentence']}"
            for check in verdict["checks"]
            if check["says"] != "ok"
        ),
        "",
        "| | " + " | ".join(METRIC_TITLES.values()) + " |",
        "|---|" + "---|" * len(METRIC_TITLES),
    ]
    for model, figures in verdict["metrics"].items():
        if figures:
            lines.append(
                f"| {model} | "
                + " | ".join(f"{figures[name]:.4f}" for name in METRIC_TITLES)
                + " |"
            )
    return "\n".join(
        [
            *lines,
            "",
            f"{verdict['users']} users. Version live now: {verdict['champion_version'] or 'none'}.",
        ]
    )


def answer(context: Any) -> dict | None:
    """A person's answer, as `promote` expects it; None when nobody was asked."""
    response = context["ti"].xcom_pull(task_ids="approve")
    if not response:
        return None
    user = response.get("responded_by_user") or {}
    return {
        "approved": response["chosen_options"] == [ApprovalOperator.APPROVE],
        "by": user.get("name") or user.get("id") or "nobody, in time",
        "why": (response.get("params_input") or {}).get("why") or "",
    }
