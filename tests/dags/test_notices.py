"""Notices say what happened, what is live, where to look and what to do; they reach a real mail
server and a real web server, and never fail a task.
"""

from __future__ import annotations

import asyncio
import asyncore
import email
import http.server
import json
import logging
import smtpd
import threading
from email import policy
from types import SimpleNamespace

import pytest
from airflow.sdk import Connection

GATE = {
    "version": "7",
    "day": "1998-04-16",
    "outcome": "hold",
    "reason": "change: recall@50 0.08 against the champion's 0.50: worse",
}


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """A store in which item2vec went live and was rolled back, and gru4rec went live."""
    for family, at, event, to in (
        ("item2vec", 1.0, "go_live", "aaaa"),
        ("item2vec", 2.0, "rollback", "bbbb"),
        ("gru4rec", 1.0, "go_live", "cccc"),
    ):
        folder = tmp_path / "audit" / family / f"t-{at}"
        folder.mkdir(parents=True)
        (folder / "event.json").write_text(
            json.dumps({"at": at, "event": event, "to": to, "by": "admin", "why": "a drill"})
        )
    monkeypatch.setenv("RECALL_STORE", tmp_path.as_uri())
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example")
    return tmp_path


def context(dag="train_item2vec", task="promote", results=None, **other):
    results = {"gate": GATE} if results is None else results
    ti = SimpleNamespace(
        dag_id=dag,
        run_id="run 1",
        task_id=task,
        try_number=2,
        xcom_pull=lambda task_ids: results.get(task_ids),
    )
    return {"ti": ti, "params": {}} | other


def of(kind, **given):
    from recall.notices import messages

    return messages.task_notification(kind, context(**given))


def test_a_hold_says_why_what_is_live_and_how_to_overrule_it():
    notice = of("hold")
    assert (
        notice.title == "item2vec: version 7 of 1998-04-16 is held"
        and GATE["reason"] in notice.happened
    )
    assert notice.live == ("item2vec: generation bbbb, by admin: a drill",)
    assert (
        notice.page == "https://airflow.example/dags/train_item2vec/runs/run%201/tasks/promote"
        and "DAG overrule" in notice.next
    )


def test_the_page_of_a_question_is_the_one_it_is_answered_on():
    notice = of("ask", task="gate")
    assert (
        notice.page.endswith("/tasks/approve/required_actions")
        and "12 hours" in notice.next
        and "waits for a person" in notice.title
    )


@pytest.mark.parametrize(
    "outcome, approval, notified",
    [
        ("ask", "borderline", True),
        ("ask", "never", False),
        ("promote", "always", True),
        ("promote", "borderline", False),
        ("hold", "always", False),
    ],
)
def test_a_question_is_told_by_the_gate_when_a_person_will_be_asked(
    bag, caplog, outcome, approval, notified
):
    [notice] = bag.dags["train_item2vec"].get_task("gate").on_success_callback
    with caplog.at_level(logging.INFO):
        notice.notify(
            context(
                task="gate",
                results={"gate": GATE | {"outcome": outcome}},
                params={"approval": approval},
            )
        )
    assert ("waits for a person" in caplog.text) == notified


def test_a_failure_tells_the_reason_and_of_ingestion_that_nothing_started():
    notice = of(
        "failure",
        dag="ingest",
        task="snapshot",
        exception=ValueError("the data is refused: 9 % bad rows; report: /store/report.html"),
    )
    assert (
        "9 % bad rows" in notice.happened
        and "After 2 tries" in notice.happened
        and "No training has started" in notice.next
    )
    assert notice.live == (
        "gru4rec: generation cccc, by admin: a drill",
        "item2vec: generation bbbb, by admin: a drill",
    )


def test_a_promotion_and_a_rollback_name_both_versions_and_who():
    moved = {
        "promote": {"version": "8", "previous": "7"},
        "gate": GATE,
        "force_item2vec": {"version": "9", "previous": "8", "by": "admin", "why": "a drill"},
    }
    assert of("promotion", results=moved).title == "item2vec: version 8 is the champion"
    forced = of(
        "promotion",
        dag="overrule",
        task="force_item2vec",
        results=moved,
        params={"family": "item2vec"},
    )
    assert (
        forced.title.endswith("version 9 is the champion by admin") and "a drill" in forced.happened
    )
    back = of(
        "rollback",
        dag="rollback",
        task="pointer",
        results={"pointer": {"generation": "bbbb", "previous": "aaaa"}},
        params={"family": "item2vec", "why": "worse"},
    )
    assert (
        back.title == "item2vec: rolled back to generation bbbb"
        and "aaaa was taken back: worse" in back.happened
    )


def test_what_stands_in_a_mail_is_never_markup():
    notice = of("failure", task="fit", exception=ValueError("<script>alert(1)</script>"))
    assert "<script>" not in notice.html() and "&lt;script&gt;" in notice.html()


class Mailbox(smtpd.SMTPServer):
    """A mail server on the loopback that keeps what it gets."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), None)
        self.got, self.port = [], self.socket.getsockname()[1]

    def process_message(self, peer, sender, to, data, **_):
        self.got.append((sender, to, email.message_from_bytes(data, policy=policy.default)))


@pytest.fixture
def mailbox():
    box = Mailbox()
    running = threading.Thread(target=asyncore.loop, kwargs={"timeout": 0.1}, daemon=True)
    running.start()
    yield box
    box.close()
    running.join(5)


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append(
            (
                self.path,
                self.headers["Authorization"],
                json.loads(self.rfile.read(int(self.headers["Content-Length"]))),
            )
        )
        self.send_response(self.server.answers)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answers, server.port = [], 200, server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def through(monkeypatch):
    """Set the connection recall_notices, as a person would."""

    def set(**settings):
        monkeypatch.setenv("AIRFLOW_CONN_RECALL_NOTICES", json.dumps(settings))

    return set


def notify(kind="hold", **given):
    from recall.notices import Notice

    Notice(kind).notify(context(**given))


def test_without_a_connection_a_notice_stands_in_the_log(caplog):
    with caplog.at_level(logging.INFO):
        notify()
    assert "version 7 of 1998-04-16 is held" in caplog.text and "generation bbbb" in caplog.text


def test_an_e_mail_arrives_at_a_real_server(mailbox, through):
    through(
        conn_type="smtp",
        host="127.0.0.1",
        port=mailbox.port,
        extra={
            "to": ["oncall@example.com", "ml@example.com"],
            "from_email": "recall@example.com",
            "disable_ssl": True,
            "disable_tls": True,
        },
    )
    notify()
    [(sender, to, mail)] = mailbox.got
    assert (sender, sorted(to)) == ("recall@example.com", ["ml@example.com", "oncall@example.com"])
    assert mail["Subject"] == "[recall] item2vec: version 7 of 1998-04-16 is held"
    assert "DAG overrule" in mail.get_body(("html",)).get_content()


def test_a_webhook_gets_json_with_a_bearer_token(hook, through):
    through(
        conn_type="http", host="127.0.0.1", port=hook.port, password="hush", extra={"path": "/in"}
    )
    notify()
    [(path, authorization, body)] = hook.got
    assert (path, authorization) == ("/in", "Bearer hush")
    assert (
        body["kind"] == "hold"
        and body["live"] == ["item2vec: generation bbbb, by admin: a drill"]
        and body["text"].startswith(body["title"])
    )


@pytest.mark.parametrize(
    "connection",
    [
        {
            "conn_type": "https",
            "host": "127.0.0.1",
            "port": 1,
            "extra": {"path": "/services/T0/s3cr3t"},
        },
        {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": 1,
            "extra": {"to": ["a@example.com"]},
            "password": "s3cr3t",
        },
        {"conn_type": "smtp", "host": "127.0.0.1"},
        {"conn_type": "pigeon", "host": "127.0.0.1"},
    ],
)
def test_a_channel_that_is_away_or_wrong_fails_nothing_and_tells_no_secret(
    connection, through, caplog
):
    through(**connection)
    notify()
    assert (
        "could not be sent" in caplog.text
        and "is held" in caplog.text
        and "s3cr3t" not in caplog.text
    )


def test_a_server_that_refuses_fails_nothing(hook, through, caplog):
    hook.answers = 500
    through(conn_type="http", host="127.0.0.1", port=hook.port)
    notify()
    assert len(hook.got) == 1 and "could not be sent (HTTPStatusError)" in caplog.text


def test_a_store_that_cannot_be_read_fails_nothing(monkeypatch, caplog):
    monkeypatch.setenv("RECALL_STORE", "s3://not/here")
    notify()
    assert "notice" in caplog.text


def test_what_airflow_knows_as_a_secret_is_not_sent(hook, through):
    from airflow.sdk.log import mask_secret

    mask_secret("pass-word-of-redis")
    through(conn_type="http", host="127.0.0.1", port=hook.port)
    notify("failure", task="load", exception=ValueError("redis://:pass-word-of-redis@host"))
    assert (
        "pass-word-of-redis" not in json.dumps(hook.got[0][2])
        and "redis://:***@host" in hook.got[0][2]["happened"]
    )


def late(state="running"):
    from recall.notices.deadline import missed

    asyncio.run(
        missed(
            hours=4.0,
            context={
                "dag_run": {
                    "dag_id": "train_item2vec",
                    "dag_run_id": "run 1",
                    "partition_key": "1998-04-16",
                    "state": state,
                }
            },
        )
    )


def test_a_missed_deadline_is_told_once_and_not_of_a_run_that_has_failed(
    hook, through, monkeypatch
):
    monkeypatch.setattr(
        Connection,
        "async_get",
        classmethod(lambda cls, name: asyncio.to_thread(Connection.get, name)),
    )  # what a triggerer has
    through(conn_type="http", host="127.0.0.1", port=hook.port)
    late()
    late("failed")
    [(_, _, body)] = hook.got
    assert (
        body["kind"] == "deadline"
        and body["title"] == "train_item2vec is late for 1998-04-16"
        and "4 hours" in body["happened"]
    )


def test_the_daily_chain_has_a_deadline_that_adds_up(bag):
    from recall.notices.deadline import DEFAULT_HOURS

    parts = {
        name: bag.dags[name].deadline for name in ("ingest", "train_item2vec", "publish_item2vec")
    }
    alerts = [part[0] if isinstance(part, list) else part for part in parts.values()]
    assert sum(alert.interval.total_seconds() for alert in alerts) == DEFAULT_HOURS * 3600
    assert not bag.dags["tune"].deadline and {alert.callback.path for alert in alerts} == {
        "recall.notices.deadline.missed"
    }


@pytest.mark.parametrize("given, wanted", [("", 8.0), ("0", 0.0), ("2.5", 2.5)])
def test_the_hours_are_read_from_the_environment(monkeypatch, given, wanted):
    from recall.notices.deadline import chain_hours, deadline

    monkeypatch.setenv("RECALL_DEADLINE_HOURS", given)
    assert chain_hours() == wanted and (deadline("train") is None) == (wanted == 0)


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "1e9"])
def test_hours_that_are_none_are_refused(monkeypatch, given):
    from recall.notices.deadline import chain_hours

    monkeypatch.setenv("RECALL_DEADLINE_HOURS", given)
    with pytest.raises(ValueError, match="RECALL_DEADLINE_HOURS is '" + given):
        chain_hours()


def test_every_task_of_the_work_tells_of_its_failure(bag):
    from recall.notices import Notice

    for dag in bag.dags.values():
        for task in dag.tasks:
            assert [one.kind for one in task.on_failure_callback if isinstance(one, Notice)] == [
                "failure"
            ], task
