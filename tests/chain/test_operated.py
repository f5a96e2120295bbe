"""What people who operate it see: the console in a browser, notices, metrics. Runs last: it looks
at what the days before have left.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from infra.environments.names import ROOT, python
from infra.local.processes import descendants
from infra.local.supervisor import read
from tests.browser.found import installed
from tests.stopped import stopped

HARDLY = {
    "trainer": "gensim",
    "decoder": "none",
    "popularity": 0,
    "epochs": 1,
    "dimension": 4,
    "learning_rate": 0.0001,
}


def ask(stack, path: str, login: bool = True) -> tuple[int, float, str]:
    """Status, seconds and text of a route of the console."""
    token = stack.airflow._login() if login else ""
    request = urllib.request.Request(
        f"{stack.local.airflow_url}/recall/{path}",
        headers={"Authorization": f"Bearer {token}"} if login else {},
    )
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, time.monotonic() - began, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, time.monotonic() - began, error.read().decode()


def until(stack, path: str, seconds: float = 30) -> dict:
    """The answer of a route, once its source is there."""
    deadline = time.monotonic() + seconds
    while (answer := ask(stack, path))[0] != 200:
        assert time.monotonic() < deadline, answer
        time.sleep(0.5)
    return json.loads(answer[2])


@pytest.fixture(scope="module")
def held(stack):
    """A run of a training whose challenger was held, and the newest verdict of its family."""
    run = stack.airflow.trigger(
        "train_item2vec", None, {"day": stack.days[0], "seed": 11, **HARDLY}
    )["dag_run_id"]
    # Behind the retrain of the day that the tests before have ingested.
    assert stack.finish("train_item2vec", run, 600)["promote"]["state"] == "skipped"
    return run


def test_without_login_the_console_answers_401(stack):
    assert {
        ask(stack, path, login=False)[0]
        for path in (
            "",
            "run",
            "page/console.js",
            "api/models",
            "api/live",
            "api/try?user=1",
            "metrics",
        )
    } == {401}


def test_the_console_tells_what_readers_get_by_whose_decision_and_why_a_challenger_is_held(
    stack, held
):
    live, models = until(stack, "api/live"), until(stack, "api/models")
    for family in ("item2vec", "gru4rec", "two_tower"):
        assert (
            live[family]["generation"] == stack.live(family) == models[family]["last"]["generation"]
        )
        assert live[family]["folder"]["probe"]["recall"] >= 0.98
    assert (
        live["gru4rec"]["decision"]["by"] == "the gate"
        and "recall@50" in live["gru4rec"]["decision"]["why"]
    )
    newest = models["item2vec"]["newest"]
    assert (
        newest["outcome"] == "hold"
        and newest["difference"][newest["metric"]]["high"] < 0
        and "worse" in newest["reason"]
    )
    aliases = until(stack, "api/registry")
    assert aliases["item2vec"]["champion"]["version"] == stack.aliases("item2vec")["champion"]


def test_the_tab_of_a_run_has_its_verdict(stack, held):
    answer = until(
        stack, "api/run?" + urllib.parse.urlencode({"dag_id": "train_item2vec", "run_id": held})
    )
    assert (
        answer["verdict"]["outcome"] == "hold"
        and answer["tasks"]["promote"] == "skipped"
        and answer["verdict"]["checks"]
    )


def test_trying_a_title_and_a_user_gives_what_the_reader_gives(stack):
    found = until(stack, "api/find?title=film%201%20")[0]
    assert found["title"] == "Film 1 (1995)"
    answer = until(stack, "api/try?user=1&k=5")
    for family in ("item2vec", "gru4rec", "two_tower"):
        wanted = stack.reader("recommend", "--user", "1", "--family", family, "--k", "5")
        assert [hit["id"] for hit in answer["channels"][family]["hits"]] == [
            hit["item"]["id"] for hit in wanted["hits"]
        ]
        assert answer["channels"][family]["generation"] == stack.live(family)
    assert {"similar", "popular"} < answer["channels"].keys() and len(answer["merged"]["hits"]) == 5


def test_redis_or_mlflow_that_hang_are_told_in_their_panels_within_seconds_and_the_rest_answers(
    stack,
):
    until(stack, "api/live")
    for service, route, name in (
        ("valkey", "api/live", "Redis"),
        ("mlflow", "api/registry", "MLflow"),
    ):
        with stopped(descendants(read(stack.local)["services"][service]["pid"])):
            time.sleep(3.5)  # longer than an answer is kept
            status, _seconds, text = ask(stack, route)
            assert (status, name in json.loads(text)["away"]) == (503, True), text
            assert ask(stack, "api/models")[0] == 200 and ask(stack, "api/data")[0] == 200
        until(stack, route)


def test_metrics_name_the_generation_that_is_live(stack):
    status, _, text = ask(stack, "metrics")
    assert (
        status == 200
        and f'recall_live_generation_info{{family="gru4rec",generation="{stack.live("gru4rec")}"'
        in text
    )
    assert (
        'recall_rows{kind="kept"}' in text
        and 'recall_stage_seconds{dag="train_gru4rec",task="fit"}' in text
        and 'recall_up{source="airflow"} 1' in text
    )


def test_people_were_told_of_what_was_held_and_of_all_that_happened_before(stack, held):
    notifications = {notice["kind"]: notice for notice in stack.notices}
    days_before = (
        {"failure", "ask", "promotion", "rollback"} if stack.airflow.runs("rollback") else set()
    )  # what the days before this have done
    assert {"hold"} | days_before <= notifications.keys()
    assert all(
        notice["title"]
        and notice["happened"]
        and notice["live"]
        and notice["next"]
        and notice["page"]
        for notice in stack.notices
    )
    assert (
        notifications["hold"]["title"].startswith("item2vec: version")
        and stack.live("item2vec") in notifications["hold"]["live"][0]
    )
    assert (
        notifications["hold"]["page"].startswith(stack.local.airflow_url)
        and "DAG overrule" in notifications["hold"]["next"]
    )
    secrets = [stack.local.secret(name) for name in ("redis", "airflow_admin", "jwt", "fernet")]
    assert not [secret for secret in secrets if secret in json.dumps(stack.notices)]


@pytest.mark.skipif(
    installed() is None, reason="this machine has no Chromium: apt-get install chromium"
)
def test_the_console_in_a_browser(stack, held, tmp_path):
    until(stack, "api/registry")
    settings = {
        "CONSOLE_AIRFLOW": stack.local.airflow_url,
        "CONSOLE_PASSWORD": stack.local.secret("airflow_admin"),
        "CONSOLE_RUN": held,
        "CONSOLE_STOPPED": " ".join(
            map(str, descendants(read(stack.local)["services"]["mlflow"]["pid"]))
        ),
        "CONSOLE_PICTURES": os.environ.get("CONSOLE_PICTURES", str(tmp_path)),
    }
    overlay = next((python("tests").parent.parent / "lib").glob("python3*/site-packages"))
    done = subprocess.run(
        [
            str(python("browser")),
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "tests/browser",
        ],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=300,
        env={
            **os.environ,
            **settings,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(overlay)]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    shutil.rmtree(tmp_path, ignore_errors=True)
