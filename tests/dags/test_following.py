"""A family that is made of others: what starts it, what it waits for, what it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from tasks.core.cli.request import parse
from tasks.fused.settings import FitRequest

EVENT = {
    "candidate": "file:///c/1",
    "version": "3",
    "snapshot": "file:///s/1998-04-15/x",
    "day": "1998-04-15",
}


def context(
    extra: dict | None, at_work: set[str] = frozenset(), waited: float = 0, **given
) -> dict:
    """A run that this event has started, or by hand, beside trainings of these families."""
    counts = {f"train_{family}": 1 for family in at_work}
    run = SimpleNamespace(
        start_date=datetime.now(UTC) - timedelta(seconds=waited),
        partition_key=(extra or {}).get("day"),
        run_id="r",
        triggering_user_name=None,
    )
    ti = SimpleNamespace(
        get_dr_count=lambda dag_id, states: counts.get(dag_id, 0),
        dag_id="train_fused",
        task_id="fit",
    )
    events = {"a": [SimpleNamespace(extra=extra)]} if extra else {}
    return {
        "ti": ti,
        "dag_run": run,
        "triggering_asset_events": events,
        "params": {"seed": 0, "snapshot": None, "day": None, **given},
    }


@pytest.fixture
def others(bag):
    return bag.dags["train_fused"].get_task("others")


def test_any_champion_and_any_rollback_starts_it_and_interactions_do_not(bag):
    condition = bag.dags["train_fused"].timetable.asset_condition
    names = {asset.name for asset in condition.objects}
    assert type(condition).__name__.endswith("AssetAny")
    assert names == {
        "champion/item2vec",
        "champion/gru4rec",
        "champion/linear",
        "champion/two_tower",
        "restored",
    }
    assert {outlet.name for outlet in bag.dags["rollback"].get_task("registry").outlets} == {
        "restored"
    }
    assert bag.dags["train_fused"].get_task("fit").upstream_task_ids == {"others"}


def test_it_waits_for_the_other_trainings_but_not_for_ever(others):
    assert not others.poke(context(EVENT, {"gru4rec"}))
    assert others.poke(context(EVENT, {"gru4rec"}, waited=3601))
    assert others.poke(context(EVENT)) and others.poke(context(None, {"gru4rec"})), (
        "by hand it begins at once"
    )
    assert not others.poke(
        context({"restored": "gru4rec", "version": "1", "day": "1998-04-14"}, {"linear"})
    )


def test_its_own_rollback_starts_nothing(others):
    with pytest.raises(AirflowSkipException, match="fused itself was rolled back"):
        others.poke(context({"restored": "fused", "version": "1", "day": "1998-04-14"}))


def test_it_trains_on_the_snapshot_of_the_champion_and_after_a_rollback_on_the_newest(
    bag, monkeypatch
):
    from recall import families
    from recall.requests import tuning

    monkeypatch.setattr(tuning, "with_winner", lambda family, fields, given: given)
    days = {
        name: parse(FitRequest, families.fit_fused(context(extra, members=["gru4rec", "linear"])))
        for name, extra in {
            "promoted": EVENT,
            "restored": {"restored": "gru4rec", "version": "1", "day": "1998-04-14"},
            "by hand": None,
        }.items()
    }
    assert {name: (one.snapshot, one.day, one.repeat) for name, one in days.items()} == {
        "promoted": (EVENT["snapshot"], None, False),
        "restored": (None, None, False),
        "by hand": (None, None, True),
    }
    assert days["promoted"].settings.members == ("gru4rec", "linear")
