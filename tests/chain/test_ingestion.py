"""A week by backfill, a batch that is refused, and the same day when its source is whole again,
through the running stack.
"""

from __future__ import annotations

import datetime
import re
import time
import urllib.parse

import pytest

TRAININGS = ("train_item2vec", "train_gru4rec", "train_two_tower", "train_linear")


def days_from(first: str, count: int) -> list[str]:
    return [
        (datetime.date.fromisoformat(first) + datetime.timedelta(days=nth)).isoformat()
        for nth in range(count)
    ]


def ended(stack, days: list[str], seconds: float) -> dict[str, dict]:
    """The runs of `ingest` for these days, once all are over."""
    deadline = time.monotonic() + seconds
    while True:
        runs = {
            run["partition_key"]: run
            for run in stack.airflow.runs("ingest", 100)
            if run["partition_key"] in days
        }
        if runs.keys() == set(days) and {run["state"] for run in runs.values()} <= {
            "success",
            "failed",
        }:
            return runs
        assert time.monotonic() < deadline, {day: run["state"] for day, run in runs.items()}
        time.sleep(1)


def test_a_backfill_makes_every_day_of_a_week_in_order_and_a_day_twice_is_the_same(stack):
    week = days_from("1997-09-30", 7)
    with stack.paused(*TRAININGS):
        stack.cli(
            "backfill",
            "create",
            "--dag-id",
            "ingest",
            "--from-date",
            week[0],
            "--to-date",
            week[-1],
            "--max-active-runs",
            "1",
        )
        runs = ended(stack, week, 600)
        assert {run["state"] for run in runs.values()} == {"success"} and {
            run["run_type"] for run in runs.values()
        } == {"backfill"}
        begun = {
            day: stack.airflow.tasks("ingest", run["dag_run_id"])[0]["start_date"]
            for day, run in runs.items()
        }
        assert sorted(week, key=begun.get) == week
        made = {
            day: stack.airflow.result("ingest", run["dag_run_id"], "snapshot")
            for day, run in runs.items()
        }
        assert [made[day]["day"] for day in week] == week and len(
            {one["id"] for one in made.values()}
        ) == 7
        assert [made[day]["kept"] for day in week] == sorted(
            {one["kept"] for one in made.values()}
        ), "every day knows more than the one before"
        again = stack.airflow.trigger("ingest", week[3])["dag_run_id"]
        assert stack.finish("ingest", again)["snapshot"]["state"] == "success"
        assert stack.airflow.result("ingest", again, "snapshot")["uri"] == made[week[3]]["uri"]
    assert not any(stack.days_of(dag) & set(week) for dag in TRAININGS)


@pytest.fixture
def refused(stack):
    """A day that is asked for while half of the source is missing: the day, its run."""
    day = (datetime.date.fromisoformat(stack.days[1]) + datetime.timedelta(days=1)).isoformat()
    ratings = stack.data / "u.data"
    whole = ratings.read_bytes()
    ratings.write_bytes(b"\n".join(whole.split(b"\n")[: whole.count(b"\n") // 2]) + b"\n")
    try:
        run = stack.airflow.trigger("ingest", day)["dag_run_id"]
        stack.finish("ingest", run)
        yield day, run
    finally:
        ratings.write_bytes(whole)


def test_half_a_source_is_refused_with_a_message_and_starts_nothing(stack, refused):
    day, run = refused
    live = {dag: stack.live(dag.removeprefix("train_")) for dag in TRAININGS}
    [task] = stack.airflow.tasks("ingest", run)
    assert (task["state"], task["try_number"]) == ("failed", 1)
    message = re.search(
        r"AirflowFailException: (.*)", stack.airflow.log("ingest", run, "snapshot", 1)
    )[1]
    assert re.match(
        r"the data is refused: .*rows_against_previous is 0\.[45]\d*, expected at least "
        r"0\.9.*remedy: .*report: \S+report\.html",
        message,
    ), message
    time.sleep(5)
    assert not any(day in stack.days_of(dag) for dag in TRAININGS)
    assert not list((stack.local.store / "snapshots" / "planted").glob(f"{day}/*/manifest.json"))
    assert {dag: stack.live(dag.removeprefix("train_")) for dag in TRAININGS} == live


def test_the_same_day_is_taken_once_its_source_is_whole_and_is_trained_on(stack):
    """The day stands in the form alone, as a person fills it in: the trainings follow all the
    same.
    """
    day = (datetime.date.fromisoformat(stack.days[1]) + datetime.timedelta(days=1)).isoformat()
    run = stack.airflow.trigger("ingest", None, {"day": day})["dag_run_id"]
    assert stack.finish("ingest", run)["snapshot"]["state"] == "success"
    [event] = stack.airflow.call(
        "GET", f"assets/events?{urllib.parse.urlencode({'source_run_id': run})}"
    )["asset_events"]
    made = stack.airflow.result("ingest", run, "snapshot")
    assert event["extra"] == {
        "snapshot": made["uri"],
        "day": day,
        "report": made["report"],
        "warnings": made["warnings"],
    }
    deadline = time.monotonic() + 60
    while not all(day in stack.days_of(dag) for dag in TRAININGS):
        assert time.monotonic() < deadline, {dag: stack.days_of(dag) for dag in TRAININGS}
        time.sleep(1)
