"""The console: for people who are logged in, of what the store holds, with a panel for each source
that is away.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tests.plugins.conftest import token
from tests.plugins.planted import EVIL

ROUTES = [
    "",
    "run",
    "page/console.js",
    "page/console.css",
    "api/chain",
    "api/models",
    "api/live",
    "api/registry",
    "api/data",
    "api/verdicts/item2vec/v1",
    "api/run?dag_id=train_item2vec&run_id=x",
    "api/find?title=star",
    "api/try?user=1",
    "documents/verdict/item2vec/v1",
    "metrics",
]


@pytest.mark.parametrize("route", ROUTES)
def test_without_login_every_route_answers_401(nobody, route):
    assert nobody.get(f"/air/recall/{route}").status_code == 401


def test_every_route_of_the_app_is_among_those_that_were_asked(server):
    from recall_console.app import app

    wanted = {
        route.path.strip("/").split("/{")[0] for route in app.routes if hasattr(route, "methods")
    }
    assert wanted <= {
        route.split("?")[0]
        .removesuffix("/console.js")
        .removesuffix("/item2vec/v1")
        .removesuffix("/verdict")
        for route in ROUTES
    }


@pytest.mark.parametrize("wrong", ["nonsense", "", "a.b.c"])
def test_a_token_that_airflow_did_not_sign_is_no_login(nobody, wrong):
    assert (
        nobody.get(
            "/air/recall/api/chain", headers={"Authorization": f"Bearer {wrong}"}
        ).status_code
        == 401
    )


def test_a_browser_that_is_not_logged_in_is_shown_where_to_do_so(nobody):
    answer = nobody.get("/air/recall/", headers={"Accept": "text/html"})
    assert answer.status_code == 401 and 'href="/air/auth/login"' in answer.text


def test_airflows_session_cookie_is_a_login(nobody):
    assert (
        nobody.get("/air/recall/api/chain", headers={"Cookie": f"_token={token()}"}).status_code
        == 200
    )


def test_who_may_read_no_training_is_refused_and_learns_nothing(client, monkeypatch):
    from airflow.api_fastapi.app import get_auth_manager

    monkeypatch.setattr(
        type(get_auth_manager()), "get_authorized_dag_ids", lambda self, **_: {"something_else"}
    )
    for route in (
        "api/models",
        "api/live",
        "api/data",
        "api/find?title=a",
        "documents/snapshot/planted/2026-11-20/snap20",
        "metrics",
    ):
        answer = client.get(f"/air/recall/{route}")
        assert answer.status_code == 403 and "train_" in answer.json()["denied"]


def test_the_families_are_those_that_airflow_trains(client):
    answer = client.get("/air/recall/api/chain").json()
    assert answer == {
        "families": ["item2vec"],
        "runs": {},
        "working": [],
        "waiting": [],
        "schedule": {"due": None, "day": None, "awaited": []},
    }


def test_a_held_challenger_is_told_with_its_reason_and_its_differences(client):
    answer = client.get("/air/recall/api/models").json()["item2vec"]
    assert [one["outcome"] for one in answer["verdicts"]] == ["hold", "promote"]
    newest = answer["newest"]
    assert (newest["outcome"], newest["version"], newest["champion_version"], newest["metric"]) == (
        "hold",
        "3",
        "1",
        "recall_50",
    )
    assert (
        newest["difference"]["recall_50"]["low"] == pytest.approx(-0.21) and newest["users"] == 900
    )


def test_what_is_live_is_told_from_the_audit_with_who_decided(client):
    answer = client.get("/air/recall/api/models").json()["item2vec"]
    assert (
        answer["last"]["generation"] == "gen2" and answer["generation"]["probe"]["recall"] == 0.997
    )
    assert [(one["action"], one["by"]) for one in answer["decisions"]] == [
        ("go_live", "schedule"),
        ("promote", "the gate"),
    ]


def test_the_days_tell_what_was_set_aside_and_refused(client):
    answer = client.get("/air/recall/api/data").json()
    assert [one["day"] for one in answer["days"]] == ["2026-11-20", "2026-11-19"]
    assert (
        answer["days"][0]["quarantine"] == {"rating out of range": 7, EVIL: 2}
        and answer["days"][0]["accounts"]["kept"] == 991
    )
    assert answer["refused"][0]["reason"] == "50 % of the rows are bad"


def test_freshness_is_measured_against_the_target(client, monkeypatch):
    from recall_console import days

    monkeypatch.setattr(days.time, "time", lambda: 1795305600.0)  # 2026-11-22 00:00 UTC
    monkeypatch.setenv("RECALL_FRESHNESS_HOURS", "20")
    answer = client.get("/air/recall/api/data").json()["freshness"]
    assert answer["data"] == {"day": "2026-11-20", "hours": 24.0} and answer["live"][
        "item2vec"
    ] == {
        "day": "2026-11-20",
        "hours": 24.0,
        "late": True,
    }
    monkeypatch.setenv("RECALL_FRESHNESS_HOURS", "30")
    assert not client.get("/air/recall/api/data").json()["freshness"]["live"]["item2vec"]["late"]


def test_a_replayed_data_set_is_as_old_as_its_own_newest_day(client, monkeypatch):
    monkeypatch.setenv("RECALL_LAST_DAY", "2026-11-20")
    assert (
        client.get("/air/recall/api/data").json()["freshness"]["live"]["item2vec"]["hours"] == 0.0
    )


def test_mlflow_away_is_a_panel_within_a_second_and_the_rest_goes_on(client):
    began = time.monotonic()
    answer = client.get("/air/recall/api/registry")
    assert (
        answer.status_code == 503
        and "MLflow does not answer" in answer.json()["away"]
        and time.monotonic() - began < 2
    )
    assert client.get("/air/recall/api/models").status_code == 200


def test_a_setting_that_is_wrong_is_told_in_its_panel(client, monkeypatch):
    monkeypatch.setenv("RECALL_FRESHNESS_HOURS", "soon")
    assert "RECALL_FRESHNESS_HOURS is 'soon'" in client.get("/air/recall/api/data").json()["away"]
    monkeypatch.setenv("RECALL_STORE", "s3://bucket/recall")
    assert "RECALL_CONSOLE_STORE" in client.get("/air/recall/api/models").json()["away"]


def test_a_store_that_is_not_mounted_is_a_panel(client, monkeypatch):
    monkeypatch.setenv("RECALL_STORE", "file:///not/mounted")
    assert (
        client.get("/air/recall/api/data").status_code == 503
        and client.get("/air/recall/api/chain").status_code == 200
    )


@pytest.mark.parametrize(
    "path",
    [
        "verdict/item2vec/..%2f..%2fsecret",
        "verdict/..%2f..%2fetc/passwd",
        "snapshot/planted/2026-11-20/..",
        "verdict/item2vec/.hidden",
        "snapshot/%2e%2e/%2e%2e/secret",
        "refused/%2e%2e/%2e%2e/secret",
        "snapshot/planted",
        "other/item2vec/v1",
        "verdict/item2vec/v9",
        "verdict/item2vec/" + "a" * 300,
        "verdict/item2vec/a%00b",
        "verdict/item2vec/%F0%9F%A6%86",
        "verdict/gru4rec/v1",
    ],
)
def test_no_name_climbs_out_of_the_store(client, store, path):
    (store.parent / "secret").mkdir()
    for page in ("verdict.html", "report.html"):
        (store.parent / "secret" / page).write_text("secret")
    answer = client.get(f"/air/recall/documents/{path}")
    assert answer.status_code == 404 and "secret" not in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "..%2fapp.py",
        "app.py",
        "__init__.py",
        "%2e%2e%2fsettings.py",
        "missing.js",
        "a" * 5000 + ".js",
    ],
)
def test_only_the_pages_own_files_are_served(client, name):
    assert client.get(f"/air/recall/page/{name}").status_code == 404


def test_a_page_of_the_store_may_not_act(client):
    answer = client.get("/air/recall/documents/verdict/item2vec/v1")
    assert answer.status_code == 200 and "whole verdict" in answer.text
    assert (
        "sandbox" in answer.headers["content-security-policy"]
        and "script-src" not in answer.headers["content-security-policy"]
    )


def test_the_page_runs_its_own_scripts_and_nothing_else(client):
    policy = client.get("/air/recall/").headers["content-security-policy"]
    assert (
        "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    )


ANSWER = {
    "channels": {
        name: {"hits": [], "generation": "g", "source": "user"}
        for name in ("item2vec", "gru4rec", "similar", "popular")
    },
    "merged": {"hits": []},
    "generations": {"item2vec": "a", "gru4rec": "b"},
    "history": [],
}


def test_of_families_that_somebody_may_not_read_no_recommendation_is_shown(client, monkeypatch):
    from airflow.api_fastapi.app import get_auth_manager

    from recall_console.reader_client import reader

    async def answered(ask, **question):
        return ANSWER

    monkeypatch.setattr(reader, "ask", answered)
    monkeypatch.setattr(
        type(get_auth_manager()),
        "get_authorized_dag_ids",
        lambda self, **_: {"train_item2vec", "train_gru4rec"},
    )
    assert client.get("/air/recall/api/try?user=1").json() == ANSWER
    monkeypatch.setattr(
        type(get_auth_manager()), "get_authorized_dag_ids", lambda self, **_: {"train_item2vec"}
    )
    answer = client.get("/air/recall/api/try?user=1").json()
    assert (
        answer["channels"].keys() == {"item2vec"}
        and answer["merged"] is None
        and answer["generations"] == {"item2vec": "a"}
    )


def test_a_disk_that_hangs_is_a_panel_and_holds_up_nothing_else(client, monkeypatch):
    from recall_console import models

    hangs = threading.Event()
    monkeypatch.setattr(models, "verdicts", lambda family: hangs.wait(20) and [])
    began = time.monotonic()
    assert "does not answer within" in client.get("/air/recall/api/models").json()["away"]
    assert client.get("/air/recall/api/data").status_code == 200 and time.monotonic() - began < 10
    hangs.set()


@pytest.mark.parametrize("route", ["api/data", "api/registry", "page/console.js", "nothing/here"])
def test_no_answer_is_guessed_at_or_kept(client, route):
    headers = client.get(f"/air/recall/{route}").headers
    assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] in (
        "no-store",
        "no-cache",
    )


def test_a_run_that_is_not_there_and_one_of_a_dag_that_may_not_be_read(client):
    for dag in ("train_item2vec", "somebody_elses"):
        assert (
            client.get("/air/recall/api/run", params={"dag_id": dag, "run_id": "none"}).status_code
            == 404
        )


def test_the_view_and_the_tab_are_registered_below_airflows_own_path(server):
    from airflow.plugins_manager import _get_ui_plugins

    views = {view["url_route"]: view for view in _get_ui_plugins()[0]}
    assert (
        views["recall"]["href"] == "/air/recall/"
        and views["recall_verdict"]["destination"] == "dag_run"
    )


def test_a_process_that_only_loads_plugins_imports_nothing_of_the_app():
    code = (
        "import sys; from airflow import plugins_manager; print([plugin.name for plugin in "
        "plugins_manager._get_plugins()[0]]);"
        "print(sorted(name for name in sys.modules if name.startswith('recall_console')))"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    plugins, modules = done.stdout.splitlines()[-2:]
    assert (
        "recall_console" in plugins and modules == "['recall_console', 'recall_console.settings']"
    )
