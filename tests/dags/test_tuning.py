"""A study as a DAG: what its tasks ask for, and how its winner reaches the next training."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace

import pytest

from tasks.core.cli.request import parse


def context(item: int | None = None, **params) -> dict:
    results = {
        "graph": {"uri": "file:///s/graphs/1"},
        "begin": {"study": "file:///s/tunings/item2vec/1", "trials": 3},
    }
    ti = SimpleNamespace(
        xcom_pull=lambda task_ids: results[task_ids], dag_id="tune", task_id="begin"
    )
    return {
        "ti": ti,
        "params": params,
        "dag_run": SimpleNamespace(run_id="r", triggering_user_name="ana", partition_key=None),
        "task": SimpleNamespace(item=item),
        "triggering_asset_events": {},
    }


@pytest.fixture
def won(monkeypatch):
    """A study's winner, as the variable that holds it; read without an Airflow."""

    def win(family: str, **settings) -> None:
        monkeypatch.setenv(f"AIRFLOW_VAR_RECALL_SETTINGS_{family.upper()}", json.dumps(settings))

    return win


def test_every_family_has_a_study_whose_trials_are_mapped(bag):
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.exceptions import AirflowSkipException

    dag = bag.dags["tune"]
    assert isinstance(dag.get_task("trial"), MappedOperator)
    assert not dag.get_task("graph").upstream_task_ids
    assert dag.get_task("begin").upstream_task_ids == {"graph"}
    assert dag.get_task("begin").trigger_rule == "none_failed", "other families skip the graph"
    assert dag.get_task("trial").upstream_task_ids == {"slots"} and dag.get_task(
        "conclude"
    ).upstream_task_ids == {"trial"}
    assert "conclude" in dag.get_task("adopt").upstream_task_ids and dag.get_task(
        "slots"
    ).upstream_task_ids == {"begin"}
    for family, skipped in (("item2vec", False), ("gru4rec", True)):
        graph, given = copy.copy(dag.get_task("graph")), context(family=family)
        graph.render_template_fields(given)
        assert ("skipped" in graph.request) == skipped
        if skipped:
            with pytest.raises(AirflowSkipException, match=f"asks to tune {family}"):
                graph.execute(given)


@pytest.mark.parametrize("family", ["gru4rec", "linear", "two_tower", "fused"])
def test_a_study_of_another_family_asks_for_that_family_s_fit(bag, won, family):
    import importlib

    from tasks.tune.settings import BeginRequest

    won(family)
    begin = copy.copy(bag.dags["tune"].get_task("begin"))
    begin.render_template_fields(context(family=family, seed=7, trials=3))
    begun = parse(BeginRequest, begin.request)
    fit = importlib.import_module(f"tasks.{family}.settings").FitRequest
    assert begun.family == family and parse(fit, begun.fit).seed == 7


def test_the_requests_are_those_the_stage_takes(bag, won):
    from recall.requests import tuning
    from tasks.item2vec.settings import FitRequest
    from tasks.tune.settings import BeginRequest, ConcludeRequest, TrialRequest

    won("item2vec")
    begin = copy.copy(bag.dags["tune"].get_task("begin"))
    begin.render_template_fields(context(family="item2vec", seed=7, trials=3))
    begun = parse(BeginRequest, begin.request)
    assert (begun.family, begun.trials, begun.seed) == ("item2vec", 3, 7)
    assert parse(FitRequest, begun.fit).graph == "file:///s/graphs/1"
    assert parse(TrialRequest, tuning.trial(context(item=2))).slot == 2
    assert parse(ConcludeRequest, tuning.conclude(context())).study.endswith("/1")
    assert tuning.slots.function({"trials": 3}) == [0, 1, 2]


def test_the_next_training_takes_the_winner_where_its_form_is_left_alone(bag, filled, won):
    from recall import families

    won("item2vec", window=11, dimension=48)
    settings = families.fit_item2vec(context(**filled("train_item2vec", dimension=24)))["settings"]
    assert settings["window"] == 11, "left alone: the winner's"
    assert settings["dimension"] == 24, "changed in the form: the form's"
    won("item2vec")
    assert families.fit_item2vec(context(**filled("train_item2vec")))["settings"]["window"] == 4


def test_the_winner_is_kept_only_when_it_is_wanted(monkeypatch):
    from recall.requests import tuning

    kept = {}
    monkeypatch.setattr(
        tuning.Variable, "set", lambda key, value, **more: kept.update({key: value})
    )
    concluded = {"settings": {"window": 11}, "study": "file:///s", "value": 0.4}
    tuning.adopt.function("item2vec", concluded, False)
    assert not kept
    tuning.adopt.function("item2vec", concluded, True)
    assert kept == {"recall_settings_item2vec": {"window": 11}}
