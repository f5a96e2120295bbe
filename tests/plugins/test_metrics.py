"""Metrics: never open, in the format that Prometheus reads, and every name that the dashboard uses
is one of them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from infra.environments.names import ROOT, python

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="(\\.|[^"\\])*"(,[a-z_]+="(\\.|[^"\\])*")*\})? -?[0-9.e+-]+')


@pytest.fixture
def exposition(client, monkeypatch):
    monkeypatch.setenv("RECALL_METRICS_TOKEN", "scrape-me")
    return client.browser.get(
        "/air/recall/metrics", headers={"Authorization": "Bearer scrape-me"}
    ).text


def test_the_scraper_needs_its_token(nobody, monkeypatch):
    assert (
        nobody.get("/air/recall/metrics", headers={"Authorization": "Bearer "}).status_code == 401
    )  # no token is set: nobody's is right
    monkeypatch.setenv("RECALL_METRICS_TOKEN", "scrape-me")
    assert (
        nobody.get(
            "/air/recall/metrics", headers={"Authorization": "Bearer scrape-you"}
        ).status_code
        == 401
    )
    assert (
        nobody.get("/air/recall/metrics", headers={"Authorization": "Bearer scrape-me"}).status_code
        == 200
    )
    for without_scheme in ("scrape-me", "Basic scrape-me", "Bearerscrape-me"):
        assert (
            nobody.get("/air/recall/metrics", headers={"Authorization": without_scheme}).status_code
            == 401
        )
    assert (
        nobody.get(
            "/air/recall/api/chain", headers={"Authorization": "Bearer scrape-me"}
        ).status_code
        == 401
    )  # it opens nothing else


def test_the_token_may_stand_in_a_connection(nobody, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_RECALL_METRICS", "generic://:from-a-connection@")
    assert (
        nobody.get(
            "/air/recall/metrics", headers={"Authorization": "Bearer from-a-connection"}
        ).status_code
        == 200
    )


def test_every_line_is_of_the_format_and_has_its_help(exposition):
    described = set()
    for line in exposition.splitlines():
        if line.startswith("#"):
            described.add(line.split()[2])
        else:
            assert LINE.fullmatch(line), line
            assert line.split("{")[0].split(" ")[0] in described


def test_the_figures_are_those_of_the_store(exposition):
    for line in (
        'recall_rows{kind="kept"} 991',
        'recall_rows{kind="quarantined"} 9',
        'recall_quarantined_rows{reason="rating out of range"} 7',
        'recall_live_generation_info{family="item2vec",generation="gen2",version="2",'
        'day="2026-11-20"} '
        "1",
        'recall_index_recall{family="item2vec"} 0.997',
        'recall_published_vectors{family="item2vec",kind="items"} 40',
        'recall_up{source="store"} 1',
        'recall_up{source="airflow"} 1',
        'recall_verdict_difference{family="item2vec",metric="recall_50",to="champion",part="mean"} '
        "-0.2",
    ):
        assert line in exposition, line
    assert re.search(
        r'recall_verdict_timestamp_seconds\{family="item2vec",outcome="hold",question="change"\} '
        r"\d",
        exposition,
    )
    assert 'recall_pool_slots{pool="default_pool",kind="queued"} 0' in exposition


def test_a_store_that_is_away_is_a_metric_too(client, monkeypatch):
    monkeypatch.setenv("RECALL_STORE", "file:///not/mounted")
    exposition = client.get("/air/recall/metrics").text
    assert (
        'recall_up{source="store"} 0' in exposition
        and 'recall_up{source="airflow"} 1' in exposition
    )


def exposition_of_a_reader() -> str:
    """What a reader that has answered nothing shows; no reader runs in Airflow's environment."""
    shown = "from tasks.retrieve.metrics import Metrics; print(Metrics().text(()))"
    return subprocess.run(
        [str(python("serve")), "-c", shown],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout


def test_the_dashboard_uses_only_metrics_that_exist():
    from recall_console.metrics import HELP

    readers = set(re.findall(r"# TYPE (recall_reader_[a-z_]+)", exposition_of_a_reader()))
    known = (
        set(HELP)
        | readers
        | {f"{name}_{part}" for name in readers for part in ("bucket", "sum", "count")}
    )
    dashboard = json.loads((ROOT / "infra" / "grafana" / "recall.json").read_text())
    expressions = [
        target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]
    used = {
        name
        for expression in expressions
        for name in re.findall(
            r"\b(recall_[a-z_]+)\b(?!\s*=)", re.sub(r'"[^"]*"', '""', expression)
        )
    }
    assert len(expressions) >= 10 and used and used <= known, used - known
    assert {
        "recall_live_generation_info",
        "recall_reader_seconds_bucket",
        "recall_rows",
        "recall_stage_seconds",
        "recall_pool_slots",
    } <= used
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_every_metric_that_is_told_is_described(exposition):
    from recall_console.metrics import HELP

    assert {
        line.split("{")[0].split(" ")[0]
        for line in exposition.splitlines()
        if not line.startswith("#")
    } <= set(HELP)
