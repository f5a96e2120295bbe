"""A growing shop is left alone with its schedule: three days are retrained by themselves, one of
them late, and each goes live.
"""

from __future__ import annotations

import datetime
import json
import random
import re
import urllib.request
from pathlib import Path

import pytest

from infra.environments.names import environments
from infra.local.airflow_api import Airflow
from infra.local.state import Local
from tests.chain.conftest import command, environment_of
from tests.waiting import until

TODAY = datetime.datetime.now(datetime.UTC).date()
SETTINGS = {"RECALL_CATCH_UP": "yes", "RECALL_DELIVERY_SECONDS": "30"}


def ago(days: int) -> str:
    return (TODAY - datetime.timedelta(days=days)).isoformat()


def deliver(shop: Path, day: str) -> None:
    """A day's clicks: 150 users of three tastes, four items each of the thirty of their taste."""
    choose, rows = random.Random(day), ["user,item,ts"]
    midnight = int(datetime.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())
    for user in range(150):
        rows += [
            f"u{user},i{3 * choose.randrange(30) + user % 3},{midnight + 60 * user + nth}"
            for nth in range(4)
        ]
    folder = shop / "events" / day
    folder.with_name(f".{day}").mkdir(parents=True)
    (folder.with_name(f".{day}") / "log.csv").write_text("\n".join(rows) + "\n")
    folder.with_name(f".{day}").rename(folder)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A stack on a shop of five days, of which the newest is four days old: the three days since
    then are due. One family is trained.
    """
    home = tmp_path_factory.mktemp("alone")
    (home / "shop.toml").write_text(
        '[interactions]\npath = "events/{day}/log.csv"\nuser = "user"\nitem = '
        '"item"\ntimestamp = "ts"\n'
    )
    for days in range(8, 3, -1):
        deliver(home, ago(days))
    settings = {
        "RECALL_STATE": str(home / "state"),
        "RECALL_ENVIRONMENTS": str(environments()),
        **SETTINGS,
    }
    with environment_of(settings) as environment:
        command(environment | {"SOURCE": str(home / "shop.toml")}, "up")
        airflow = Airflow(Local())
        for dag in airflow.dags():
            if dag.startswith("train_") and dag != "train_linear":
                airflow.call("PATCH", f"dags/{dag}", {"is_paused": True})
        yield home, airflow, environment


def console(airflow: Airflow) -> dict:
    """What the console says of the schedule."""
    request = urllib.request.Request(
        f"{airflow.local.airflow_url}/recall/api/chain",
        headers={"Authorization": f"Bearer {airflow._login()}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["schedule"]


def live_day(airflow: Airflow) -> str | None:
    """The day of what is live, from the publication that put it there."""
    done = [run for run in airflow.runs("publish_linear") if run["state"] == "success"]
    return done[0]["partition_key"] if done else None


def test_three_days_go_live_by_themselves_and_a_late_one_is_waited_for_and_told(alone):
    home, airflow, environment = alone
    awaited = [f"Waiting for the delivery of {ago(days)} since " for days in (3, 2, 1)]

    def waiting() -> str | None:
        output = command(environment, "status")
        return output if all(line in output for line in awaited) else None

    status = until(waiting, 400, every=2)
    due, day = re.search(r"Next retrain: due (\S+) 00:00 UTC, of (\S+)", status).groups()
    assert due > day >= str(TODAY), "the day that is over at midnight"
    overview = console(airflow)
    assert [one["day"] for one in overview["awaited"]][:3] == [
        ago(days) for days in (3, 2, 1)
    ] and overview["day"] == day
    for days in (3, 2, 1):
        deliver(home, ago(days))
        until(lambda days=days: live_day(airflow) == ago(days), 400, every=2)
        if days == 3:
            assert awaited[1] in command(environment, "status"), (
                "a late day stops nothing and is told"
            )
    runs = {
        run["partition_key"]: (run["state"], run["run_type"]) for run in airflow.runs("ingest", 20)
    }
    assert [runs[ago(days)] for days in (3, 2, 1)] == [("success", "scheduled")] * 3
    assert not any(line in command(environment, "status") for line in awaited)
    kept = {
        ago(days): json.loads(
            next(
                (home / "state" / "store" / "snapshots" / "shop" / ago(days)).glob(
                    "*/manifest.json"
                )
            ).read_text()
        )["facts"]["accounts"]["kept"]
        for days in (3, 2, 1)
    }
    assert list(kept.values()) == [6 * 600, 7 * 600, 8 * 600], "a day is all deliveries up to it"
