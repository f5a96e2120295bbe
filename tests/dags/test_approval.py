"""Who is asked before a challenger goes live, what they read, and what becomes of what they say."""

from __future__ import annotations

import copy
import datetime
from types import SimpleNamespace

import pytest

VERDICT = {
    "outcome": "ask",
    "reason": "change: coverage@50 0.30 is lost",
    "family": "item2vec",
    "day": "1998-04-15",
    "version": "7",
    "users": 604,
    "champion_version": "5",
    "uri": "file:///v",
    "checks": [
        {"name": "guard.coverage_50", "says": "ask", "sentence": "0.30 is lost"},
        {"name": "users", "says": "ok", "sentence": "604 users"},
    ],
    "metrics": {
        "challenger": {"recall_50": 0.4, "ndcg_10": 0.1, "hr_10": 0.3, "coverage_50": 0.3},
        "champion": None,
        "ease": {"recall_50": 0.39, "ndcg_10": 0.1, "hr_10": 0.3, "coverage_50": 0.5},
    },
}


def context(approval: str, outcome: str = "ask", answer: dict | None = None) -> dict:
    results = {"gate": {**VERDICT, "outcome": outcome}, "approve": answer}
    ti = SimpleNamespace(
        xcom_pull=lambda task_ids: results[task_ids],
        id="1",
        dag_id="train_item2vec",
        task_id="promote",
        map_index=-1,
    )
    return {
        "ti": ti,
        "task_instance": ti,
        "params": {"approval": approval},
        "dag_run": SimpleNamespace(run_id="r", triggering_user_name="ana"),
    }


@pytest.fixture
def task(bag):
    found = copy.copy(bag.dags["train_item2vec"].get_task("approve"))
    found.params = copy.deepcopy(found.params)  # what is answered is written into them
    return found


@pytest.mark.parametrize(
    "approval, outcome, waits",
    [
        ("never", "ask", False),
        ("never", "promote", False),
        ("borderline", "ask", True),
        ("borderline", "promote", False),
        ("borderline", "hold", False),
        ("always", "ask", True),
        ("always", "promote", True),
        ("always", "hold", False),
    ],
)
def test_a_person_is_asked_when_the_form_says_so_and_never_about_a_hold(
    task, monkeypatch, approval, outcome, waits
):
    from airflow.providers.standard.operators import hitl
    from airflow.sdk.exceptions import TaskAwaitingInput

    outcomes = []
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **detail: outcomes.append(detail))
    given = context(approval, outcome)
    task.render_template_fields(given)
    if not waits:
        assert task.execute(given) is None and not outcomes
        return
    with pytest.raises(TaskAwaitingInput) as raised:
        task.execute(given)
    assert raised.value.timeout == datetime.timedelta(hours=12) and outcomes[0]["defaults"] == [
        "Reject"
    ]
    assert (
        "0.30 is lost" in outcomes[0]["body"]
        and "| ease | 0.3900 |" in outcomes[0]["body"]
        and "604 users" in outcomes[0]["body"]
    )
    assert "version 7" in outcomes[0]["subject"] and "why" in outcomes[0]["params"]


@pytest.mark.parametrize(
    "chosen, user, approved, by",
    [
        ("Approve", {"id": "1", "name": "ana"}, True, "ana"),
        ("Reject", {"id": "1", "name": "ana"}, False, "ana"),
        ("Reject", None, False, "nobody, in time"),
    ],
)
def test_what_is_said_reaches_the_promotion_with_the_name(task, chosen, user, approved, by):
    from recall.requests import promotion
    from tasks.core.cli.request import parse
    from tasks.promote.settings import PromoteRequest

    responded = task.execute_complete(
        context("always"),
        {
            "chosen_options": [chosen],
            "params_input": {"why": "looked at it"} if user else {},
            "responded_at": datetime.datetime.now(datetime.UTC),
            "responded_by_user": user,
        },
    )
    request = parse(PromoteRequest, promotion.promote(context("always", answer=responded)))
    assert (request.answer.approved, request.answer.by) == (
        approved,
        by,
    ) and request.answer.why == ("looked at it" if user else "")


def test_nobody_asked_is_nobody_quoted():
    from recall.requests import promotion

    assert promotion.promote(context("never"))["answer"] is None


def test_a_person_overrules_with_a_name_and_a_reason_and_the_other_task_is_skipped(bag):
    from airflow.sdk.exceptions import AirflowSkipException

    from tasks.core.cli.request import parse
    from tasks.promote.settings import Decision

    dag, given = bag.dags["overrule"], context("never")
    given["params"] = {
        "family": "item2vec",
        "action": "force",
        "version": None,
        "why": "the titles are right",
    }
    force, refuse = copy.copy(dag.get_task("force_item2vec")), copy.copy(dag.get_task("refuse"))
    force.render_template_fields(given)
    request = parse(Decision, force.request)
    assert (request.family, request.by, request.why, request.version) == (
        "item2vec",
        "ana",
        "the titles are right",
        None,
    )
    refuse.render_template_fields(given)
    with pytest.raises(AirflowSkipException, match="asks to force"):
        refuse.execute(given)
    other = copy.copy(dag.get_task("force_linear"))
    other.render_template_fields(given)
    with pytest.raises(AirflowSkipException, match="asks to force a version of item2vec"):
        other.execute(given)
    assert [asset.name for asset in force.outlets] == ["champion/item2vec"] and not refuse.outlets
