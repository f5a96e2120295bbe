"""Lineage: what a stage read and wrote, told to OpenLineage by Airflow's provider; off where no
transport is set.
"""

from __future__ import annotations

import json
import uuid
from types import SimpleNamespace

from infra.environments.names import environments
from infra.local.state import Local

STORE = "file:///srv/recall"


def test_folders_of_the_store_are_named_by_their_place_and_the_source_by_its_own():
    from recall.operators.lineage import datasets

    request = {
        "store": STORE,
        "dataset": "shop",
        "location": "https://user:secret@data.example/shop?token=secret",
        "seeds": [f"{STORE}/candidates/a/2"],
        "day": "2026-11-20",
    }
    read, written = datasets(
        request,
        {
            "uri": f"{STORE}/snapshots/shop/2026-11-20/ab",
            "snapshot": f"{STORE}/snapshots/shop/old/cd",
            "id": "ab",
        },
        ["interactions"],
    )
    assert read == [
        ("https://data.example", "/shop"),
        (STORE, "candidates/a/2"),
        (STORE, "snapshots/shop/old/cd"),
    ]
    assert written == [(STORE, "snapshots/shop/2026-11-20/ab"), ("recall", "interactions")]


def test_while_a_stage_runs_nothing_is_written_yet():
    from recall.operators.lineage import datasets

    assert datasets({"store": STORE, "graph": f"{STORE}/graphs/x"}, {}, ["live/item2vec"]) == (
        [(STORE, "graphs/x")],
        [],
    )


def test_a_stage_that_ran_is_told_by_the_provider_as_an_event_with_what_it_made(
    tmp_path, monkeypatch
):
    from airflow.providers.openlineage.extractors.manager import ExtractorManager
    from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
    from airflow.sdk import DAG
    from airflow.utils.state import TaskInstanceState

    from recall import assets, task_policies
    from recall.operators.stage_operator import stage

    monkeypatch.setenv(
        "AIRFLOW__OPENLINEAGE__TRANSPORT",
        json.dumps(
            {"type": "file", "log_file_path": str(tmp_path / "events.jsonl"), "append": True}
        ),
    )
    monkeypatch.setenv("RECALL_ENVIRONMENTS", str(environments()))
    with DAG("told", schedule=None, start_date=task_policies.START):
        task = stage(
            "policy",
            "promote",
            "policy",
            lambda context: {},
            policy=task_policies.SERVING,
            outlets=[assets.live("item2vec")],
        )
    task.request = {"family": "item2vec"}
    assert task.execute({"outlet_events": {}})["file"].endswith(".toml")
    found = ExtractorManager().extract_metadata(
        SimpleNamespace(run_id="run 1"), task, TaskInstanceState.SUCCESS, SimpleNamespace()
    )
    OpenLineageAdapter().complete_task(
        str(uuid.uuid4()),
        "told.policy",
        "2026-11-20T00:00:00+00:00",
        found,
        None,
        None,
        None,
        None,
        None,
    )
    [event] = [
        json.loads(line)
        for path in tmp_path.glob("events.jsonl*")
        for line in path.read_text().splitlines()
    ]
    assert event["eventType"] == "COMPLETE" and [
        (one["namespace"], one["name"]) for one in event["outputs"]
    ] == [("recall", "live/item2vec")]


def test_the_local_stack_tells_it_to_a_file_when_asked_and_to_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setenv("RECALL_STATE", str(tmp_path))
    local = Local().prepare()
    monkeypatch.delenv("RECALL_LINEAGE", raising=False)
    assert local.airflow_environment({})["AIRFLOW__OPENLINEAGE__DISABLED"] == "True"
    monkeypatch.setenv("RECALL_LINEAGE", "1")
    settings = local.airflow_environment({})
    assert (
        json.loads(settings["AIRFLOW__OPENLINEAGE__TRANSPORT"])["log_file_path"].startswith(
            str(local.logs)
        )
        and "AIRFLOW__OPENLINEAGE__DISABLED" not in settings
    )
