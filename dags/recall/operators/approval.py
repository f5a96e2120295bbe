"""A person between the verdict and the promotion: asked when the form says so, held when nobody
answers in time.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk import Param

from recall import task_policies
from recall.requests import common

SHOWN = {
    "recall_50": "recall@50",
    "ndcg_10": "NDCG@10",
    "hr_10": "hit rate@10",
    "coverage_50": "coverage@50",
}
WAITS = {
    "never": (),
    "borderline": ("ask",),
    "always": ("ask", "promote"),
}  # approval → outcomes that wait; a hold is never offered


class Approval(ApprovalOperator):
    """Shows the verdict and waits for *Approve* or *Reject*; passes at once when nobody needs to be
    asked.

    What was answered goes to `promote`, which keeps it with the name and the reason, a refusal too;
    so nothing is skipped here. No answer in time counts as *Reject*.
    """

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Write the verdict down as what the person reads."""
        verdict = common.result(context, "gate")
        self.subject = (
            f"{verdict['family']} {verdict['day']}: version {verdict['version']} is "
            f"to go live ({verdict['outcome']})"
        )
        self.body = described(verdict)

    def execute(self, context: Any) -> Any:
        if wanted(context):
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
        description_md="Stands in the audit record.",
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


def wanted(context: Any) -> bool:
    """Whether a person is asked about the verdict of this run."""
    return common.result(context, "gate")["outcome"] in WAITS[context["params"]["approval"]]


def described(verdict: dict) -> str:
    """The verdict as Markdown: the reasons, then every model's figures on the same users."""
    lines = [
        f"**{verdict['outcome']}**: {verdict['reason']}",
        "",
        *(
            f"- {check['name']} ({check['says']}): {check['sentence']}"
            for check in verdict["checks"]
            if check["says"] != "ok"
        ),
        "",
        "| | " + " | ".join(SHOWN.values()) + " |",
        "|---|" + "---|" * len(SHOWN),
    ]
    for model, figures in verdict["metrics"].items():
        if figures:
            lines.append(
                f"| {model} | " + " | ".join(f"{figures[name]:.4f}" for name in SHOWN) + " |"
            )
    return "\n".join(
        [
            *lines,
            "",
            f"{verdict['users']} users. Version live now: {verdict['champion_version'] or 'none'}.",
        ]
    )


def answer(context: Any) -> dict | None:
    """What a person said, as `promote` is told it; None when nobody was asked."""
    said = context["ti"].xcom_pull(task_ids="approve")
    if not said:
        return None
    who = said.get("responded_by_user") or {}
    return {
        "approved": said["chosen_options"] == [ApprovalOperator.APPROVE],
        "by": who.get("name") or who.get("id") or "nobody, in time",
        "why": (said.get("params_input") or {}).get("why") or "",
    }
