"""A task of the one factory, on a planted stage: what it hands over, what it makes of how the
process ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
)

PLANTED = """
import json, os, signal, sys, time
verb, request = sys.argv[1], json.loads(sys.argv[2])
print("a line for people", file=sys.stderr)
if verb == "exit":
    for line in (request["say"], *request.get("then", [])):
        print(line, file=sys.stderr)
    sys.exit(request["code"])
if verb == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if verb == "sleep":
    open(request["pid"], "w").write(str(os.getpid()))
    time.sleep(60)
if "say" in request:
    print(f"12:00:00 progress: {request['say']} [rate=3]", file=sys.stderr)
    time.sleep(0.5)
print("a library prints here")
print(json.dumps({"request": request, "environment": dict(os.environ)}))
"""


@pytest.fixture
def operator(tmp_path, monkeypatch):
    """Makes a task of the planted stage, which runs under this very Python."""
    from recall.operators import stage_operator

    (tmp_path / "tasks" / "planted").mkdir(parents=True)
    (tmp_path / "tasks" / "__init__.py").write_text("")
    (tmp_path / "tasks" / "planted" / "__main__.py").write_text(PLANTED)
    monkeypatch.setattr(stage_operator, "ROOT", tmp_path)
    monkeypatch.setattr(stage_operator, "interpreter", lambda stage: sys.executable)

    def make(verb: str, request: dict, **arguments):
        task = stage_operator.stage(
            "planted",
            "planted",
            verb,
            lambda context: {**request, "day": context["day"]},
            policy={},
            **arguments,
        )
        task.render_template_fields({"day": "1998-04-15"})
        return task

    return make


def test_the_request_is_built_when_the_task_runs_and_the_last_line_is_the_result(operator):
    assert operator("echo", {"k": 'ä "quoted" $(not a shell)'}).execute({})["request"] == {
        "k": 'ä "quoted" $(not a shell)',
        "day": "1998-04-15",
    }


def test_how_far_the_stage_is_is_shown_while_it_runs(operator):
    shown = []
    store = SimpleNamespace(set=lambda key, value, retention: shown.append((key, value)))
    operator("echo", {"say": "epoch 7 of 15, about 4 min left"}).execute(
        {"task_state_store": store}
    )
    assert shown == [("progress", "epoch 7 of 15, about 4 min left")]


def test_a_verb_can_be_told_from_the_request(operator):
    task = operator(
        lambda request: "exit" if "code" in request else "echo", {"code": 3, "say": "it ran exit"}
    )
    with pytest.raises(AirflowFailException, match="it ran exit"):
        task.execute({})


@pytest.mark.parametrize(
    "extra, partitions", [({"day": "1998-04-15"}, {"1998-04-15"}), ({"generation": "abc"}, set())]
)
def test_an_event_is_of_the_day_it_tells_even_in_a_run_without_a_partition(
    operator, extra, partitions
):
    from airflow.sdk import Asset
    from airflow.sdk.execution_time.context import OutletEventAccessors

    out, events = Asset("planted"), OutletEventAccessors()
    operator("echo", {}, outlets=[out], announce=lambda result: extra).execute(
        {"outlet_events": events}
    )
    assert events[out].extra == extra and events[out].partition_keys == partitions


def test_the_graph_shows_the_stage_below_a_tasks_name(bag):
    from airflow.serialization.serialized_objects import DagSerialization

    shown = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags["train_item2vec"]))
    assert {task.task_id: task.operator_name for task in shown.tasks} == {
        "graph": "graph",
        "fit": "item2vec",
        "further": "@task",
        "seeds": "StageOperator",
        "evaluate": "evaluate",
        "gate": "promote",
        "approve": "Approval",
        "promote": "promote",
    }


def test_airflows_own_settings_and_keys_stay_with_airflow(operator, monkeypatch):
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "for the worker alone")
    monkeypatch.setenv("SOME_TOKEN", "of somebody else")
    seen = operator("echo", {}).execute({})["environment"]
    assert not [name for name in seen if name.startswith("AIRFLOW")] and "SOME_TOKEN" not in seen
    assert "for the worker alone" not in json.dumps(seen) and "RECALL_REDIS_URL" not in seen


def test_no_secret_of_the_settings_reaches_a_stage_that_does_not_need_it(operator, monkeypatch):
    from infra.settings.table import TABLE

    secrets = [
        setting.name for setting in TABLE if setting.secret and setting.name.startswith("RECALL_")
    ]
    assert {"RECALL_ADMIN_PASSWORD", "RECALL_METRICS_TOKEN", "RECALL_REDIS_URL"} <= set(secrets)
    for name in secrets:
        monkeypatch.setenv(name, "for somebody else alone")
    seen = operator("echo", {}).execute({})["environment"]
    assert not seen.keys() & set(secrets) and "for somebody else alone" not in json.dumps(seen)


def test_only_a_task_that_needs_a_service_is_told_where_it_is(operator):
    seen = operator("echo", {}, needs=("redis", "mlflow")).execute({})["environment"]
    assert seen["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:1" and seen[
        "RECALL_REDIS_URL"
    ].startswith("redis://:secret@127.0.0.1:1")


@pytest.mark.parametrize("url", ["redis://:hunter2/x@h:1/0", "redis://:hunter2[@h:1/0"])
def test_a_connection_that_is_no_url_shows_no_piece_of_its_password(operator, monkeypatch, url):
    monkeypatch.setenv("AIRFLOW_CONN_RECALL_REDIS", url)
    with pytest.raises(AirflowFailException, match="percent-encode the password") as refusal:
        operator("echo", {}, needs=("redis",)).execute({})
    assert "hunter2" not in str(refusal.value) and refusal.value.__suppress_context__


@pytest.mark.parametrize("code", [2, 3, 4, 5])
def test_a_refusal_fails_at_once_with_its_message(operator, code):
    with pytest.raises(AirflowFailException, match="rating column is missing"):
        operator("exit", {"code": code, "say": "the rating column is missing"}).execute({})


def test_the_stages_own_message_is_told_whatever_a_library_prints_after_it(operator):
    output = (
        "planted exit: RefusedData: users is 3, expected at least 5: a bound of ours; "
        "remedy: look at the report"
    )
    with pytest.raises(AirflowFailException) as raised:
        operator(
            "exit", {"code": 3, "say": output, "then": ["the virtual machine says good-bye", ""]}
        ).execute({})
    assert (
        str(raised.value)
        == "the data is refused: users is 3, expected at least 5: a bound of ours; remedy: "
        "look at the report"
    )


@pytest.mark.parametrize("code", [1, 10, 137])
def test_a_service_that_is_away_and_a_bug_are_tried_again(operator, code):
    with pytest.raises(AirflowException) as raised:
        operator("exit", {"code": code, "say": "no answer"}).execute({})
    assert not isinstance(
        raised.value, (AirflowFailException, AirflowSkipException)
    ) and "no answer" in str(raised.value)


def test_a_killed_process_is_tried_again(operator):
    with pytest.raises(AirflowException, match="killed by signal 9") as raised:
        operator("die", {}).execute({})
    assert not isinstance(raised.value, AirflowFailException)


def test_work_that_is_not_wanted_is_skipped(operator):
    left = {}
    context = {"ti": SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}))}
    with pytest.raises(AirflowSkipException, match="held"):
        operator("exit", {"code": 99, "say": "the challenger is held"}).execute(context)
    assert left == {"skipped": "the challenger is held"}, "make run tells the reason"


def looked_for(hours: float | None) -> dict:
    """The context of a task that has looked for its delivery since so many hours; None: not yet."""
    since = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
    return {"ti": SimpleNamespace(get_first_reschedule_date=lambda context: since)}


@pytest.mark.parametrize("hours", [None, 1.9])
def test_a_request_that_waits_comes_back_for_a_delivery_that_is_not_there_yet(operator, hours):
    task = operator(
        "exit",
        {"code": 6, "say": "2026-11-25 has not been delivered", "waits": True},
        delivery_wait=(timedelta(hours=2), timedelta(minutes=10)),
    )
    with pytest.raises(AirflowRescheduleException) as raised:
        task.execute(looked_for(hours))
    assert (
        timedelta(minutes=9)
        < raised.value.reschedule_date - datetime.now(UTC)
        <= timedelta(minutes=10)
    )


@pytest.mark.parametrize(
    "waits, hours, message",
    [
        (
            True,
            2.1,
            "no delivery came within 2 hours: .*has not been delivered.*takes in what comes later",
        ),
        (False, None, "the delivery is not there: "),
    ],
)
def test_who_has_waited_long_enough_or_need_not_wait_fails(operator, waits, hours, message):
    task = operator(
        "exit",
        {"code": 6, "say": "2026-11-25 has not been delivered", "waits": waits},
        delivery_wait=(timedelta(hours=2), timedelta(minutes=10)),
    )
    with pytest.raises(AirflowFailException, match=message):
        task.execute(looked_for(hours))


def test_stopping_the_task_stops_the_process(operator, tmp_path):
    task, raised = operator("sleep", {"pid": str(tmp_path / "pid")}), []

    def execute():
        try:
            task.execute({})
        except AirflowException as error:
            raised.append(error)

    thread = threading.Thread(target=execute)
    thread.start()
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert thread.is_alive(), raised
        time.sleep(0.05)
    task.on_kill()
    thread.join(20)
    assert raised and not thread.is_alive()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGCONT)
