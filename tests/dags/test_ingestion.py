"""What the DAG `ingest` asks of its stage: the form first, then the environment, then the stage's
own defaults.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tasks.core.cli.request import parse
from tasks.ingest.settings import ReplayRequest, SnapshotRequest

DAY = "1998-04-15"


@pytest.fixture
def ask(filled, monkeypatch):
    """The request of a run whose form was filled in so; everything else as the form comes."""
    from recall.requests import ingestion

    for name in (*ingestion.ENVIRONMENT.values(), "RECALL_DATASET"):
        monkeypatch.delenv(name, raising=False)

    def request(partition: str | None = DAY, run_type: str = "manual", **given) -> dict:
        params = filled("ingest", **given)
        return ingestion.snapshot(
            {
                "params": params,
                "dag_run": SimpleNamespace(partition_key=partition, run_type=run_type),
            }
        )

    return request


def test_a_form_as_it_comes_asks_for_the_stages_defaults(ask, monkeypatch):
    monkeypatch.setenv("RECALL_LOCATION", "file:///data/ml-100k")
    request = ask()
    assert parse(SnapshotRequest, request) == SnapshotRequest(
        store=request["store"], location="file:///data/ml-100k", day=DAY
    )


def test_what_a_scheduled_run_cannot_be_told_by_a_form_comes_from_the_environment(ask, monkeypatch):
    variables = {
        "RECALL_LOCATION": "file:///srv/shop.toml",
        "RECALL_FORMAT": "own",
        "RECALL_DATASET": "shop",
        "RECALL_EXPECTATIONS": "/srv/suite.json",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made = parse(SnapshotRequest, ask())
    assert [made.location, made.format, made.dataset, made.expectations] == list(variables.values())
    made = parse(
        SnapshotRequest,
        ask(format="anime", location="/data/anime", split_order="given", expectations="default"),
    )
    assert (made.format, made.location, made.split.order, made.expectations) == (
        "anime",
        "/data/anime",
        "given",
        "default",
    )


def test_a_scheduled_run_of_data_that_grows_wants_to_know_whether_its_day_is_there(
    ask, monkeypatch
):
    monkeypatch.setenv("RECALL_LOCATION", "/d")
    monkeypatch.delenv("RECALL_LAST_DAY", raising=False)
    assert parse(SnapshotRequest, ask(run_type="scheduled")).waits
    assert (
        not parse(SnapshotRequest, ask()).waits
        and not parse(SnapshotRequest, ask(run_type="backfill")).waits
    )
    monkeypatch.setenv("RECALL_LAST_DAY", DAY)
    assert not parse(SnapshotRequest, ask(run_type="scheduled")).waits


def test_every_field_of_the_form_arrives_at_its_setting(ask):
    made = parse(
        SnapshotRequest,
        ask(
            location="/d",
            day="1998-04-16",
            liked="> user mean",
            liked_only=True,
            recommend_seen="false",
            minimum_item_interactions=5,
            maximum_quarantined=0.2,
            sessions_gap_minutes=30,
            bots_rows_a_day=5000,
            bots_rows_a_minute=60,
            split_method="users",
            split_test_share=0.2,
            split_seed=7,
            title_characters=50,
            genres_of_item=7,
            limits_unpacked_gb=500,
            limits_line_kb=2048,
        ),
    )
    assert (
        made.day,
        made.liked,
        made.liked_only,
        made.minimum_item_interactions,
        made.maximum_quarantined,
    ) == ("1998-04-16", "> user mean", True, 5, 0.2)
    assert (
        made.recommend_seen is False
        and parse(SnapshotRequest, ask(location="/d", recommend_seen="true")).recommend_seen is True
    )
    assert (made.sessions.gap_minutes, made.bots.rows_a_day, made.bots.rows_a_minute) == (
        30,
        5000,
        60,
    )
    assert (
        made.title_characters,
        made.genres_of_item,
        made.limits.unpacked_gb,
        made.limits.expansion,
        made.limits.line_kb,
    ) == (50, 7, 500, 200, 2048)
    assert (made.split.method, made.split.test_share, made.split.seed) == ("users", 0.2, 7)


def test_repaired_rows_are_replayed(ask):
    from recall.requests import ingestion

    assert ingestion.verb(ask(location="/d")) == "snapshot"
    request = ask(location="/d", repaired="/tmp/rows.jsonl")
    assert (
        ingestion.verb(request) == "replay"
        and parse(ReplayRequest, request).repaired == "/tmp/rows.jsonl"
    )


@pytest.mark.parametrize(
    "given, partition, message",
    [({"location": "/d"}, None, "no day is given"), ({}, DAY, "no source is given")],
)
def test_without_a_day_or_a_source_the_task_fails_with_what_to_do(ask, given, partition, message):
    with pytest.raises(AirflowFailException, match=message):
        ask(partition, **given)


def test_the_event_of_a_day_tells_its_warnings_and_its_report():
    from recall.requests import ingestion

    event = ingestion.announce(
        {
            "uri": "file:///s/1",
            "day": DAY,
            "report": "file:///s/1/report.html",
            "warnings": ["users is 3, expected at least 100"],
            "kept": 5,
        }
    )
    assert event == {
        "snapshot": "file:///s/1",
        "day": DAY,
        "report": "file:///s/1/report.html",
        "warnings": ["users is 3, expected at least 100"],
    }
