"""What is at work, as the console tells it: each running task with what this try of it said
last.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.plugins.planted import EVIL

SECONDS = 312  # for which the planted task has run


@pytest.fixture
def running(server):
    """Plants a running task `fit` of train_item2vec, and what the store of task states holds of it;
    gone at the end.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.task_state_store import TaskStateStoreModel
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import delete, insert

    def plant(progress: str | None, after: float = 60.0, state: str = "running") -> None:
        began = datetime.now(UTC) - timedelta(seconds=SECONDS)
        of = {"dag_id": "train_item2vec", "run_id": "r1"}
        with create_session() as session:
            made = session.execute(
                insert(DagRun).values(
                    **of,
                    run_type="manual",
                    state="running",
                    run_after=began,
                    start_date=began,
                    partition_key="2026-11-20",
                )
            )
            session.execute(
                insert(TaskInstance).values(
                    id=uuid.uuid4(),
                    **of,
                    task_id="fit",
                    map_index=-1,
                    state=state,
                    start_date=began,
                    try_number=1,
                    pool="default_pool",
                    pool_slots=1,
                    max_tries=0,
                    executor_config={},
                )
            )
            if progress is not None:
                session.execute(
                    insert(TaskStateStoreModel).values(
                        dag_run_id=made.inserted_primary_key[0],
                        **of,
                        task_id="fit",
                        map_index=-1,
                        key="progress",
                        value=json.dumps(progress),
                        updated_at=began + timedelta(seconds=after),
                    )
                )

    yield plant
    with create_session() as session:
        for model in (TaskStateStoreModel, TaskInstance, DagRun):
            session.execute(delete(model))


@pytest.mark.parametrize(
    "progress, after, shown",
    [
        ("epoch 7 of 15, about 4 min left", 60, "epoch 7 of 15, about 4 min left"),
        (EVIL, 60, EVIL),
        (None, 0, None),
        ("epoch 9 of 15, by a try that was killed", -60, None),
    ],
)
def test_a_running_task_is_told_with_its_last_words_of_this_try(
    client, running, progress, after, shown
):
    running(progress, after)
    [one] = client.get("/air/recall/api/chain").json()["working"]
    assert (one["dag"], one["task"], one["progress"], one["page"]) == (
        "train_item2vec",
        "fit",
        shown,
        "http://testserver/air/dags/train_item2vec/runs/r1/tasks/fit",
    )
    assert SECONDS <= one["seconds"] < 400
    assert (
        client.get("/air/recall/api/run?dag_id=train_item2vec&run_id=r1").json()["working"][0][
            "progress"
        ]
        == shown
    )


def test_a_task_that_is_over_is_not_at_work_whatever_it_said(client, running):
    running("epoch 15 of 15", state="success")
    assert client.get("/air/recall/api/chain").json()["working"] == []


def test_who_may_not_read_a_dag_does_not_learn_what_it_does(client, running, monkeypatch):
    from airflow.api_fastapi.app import get_auth_manager

    running("epoch 7 of 15")
    monkeypatch.setattr(
        type(get_auth_manager()), "get_authorized_dag_ids", lambda self, **_: {"train_gru4rec"}
    )
    assert client.get("/air/recall/api/chain").json()["working"] == []
