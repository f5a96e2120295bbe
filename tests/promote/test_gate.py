"""Verdicts: good models pass, faulty ones are held, each for its own reason, and MLflow tells
both.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import time

import numpy as np
import pytest

from infra.environments.names import python
from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.promote.gate.bootstrap import paired_differences
from tasks.promote.gate.case import Case
from tasks.promote.gate.checks import metric_title
from tasks.promote.gate.decide import decide
from tasks.promote.gate.gate import _finite
from tasks.promote.gate.policy import Floor, Policy
from tasks.promote.gate.verdict_page import verdict_page
from tests.evaluate import planted

POLICY = Policy(resamples=1_000, tested=())


def failing(day, verdict: dict) -> set[str]:
    document = json.loads(
        day.store.open(verdict["uri"], "verdict").file("verdict.json").read_text()
    )
    return {check["name"] for check in document["checks"] if check["says"] != "ok"}


def test_a_first_model_that_beats_popularity_is_promoted(day):
    verdict = day.gate(planted.good)
    assert (verdict["outcome"], verdict["question"], verdict["champion"]) == (
        "promote",
        "first",
        None,
    )
    assert verdict["difference"]["recall_50"]["low"] > 0.2
    assert "against popularity's" in verdict["reason"]


@pytest.mark.parametrize(
    "make, check",
    [
        (planted.shuffled, "floor.popularity"),
        (planted.popular, "floor.popularity"),
        (planted.collapsed, "health.duplicate"),
    ],
)
def test_a_first_model_that_is_faulty_is_held_for_its_fault(day, make, check):
    verdict = day.gate(make)
    assert verdict["outcome"] == "hold" and check in failing(day, verdict)


@pytest.mark.parametrize(
    "make, check",
    [
        (planted.shuffled, "not_worse"),
        (planted.popular, "health.alike"),
        (planted.weak, "not_worse"),
        (planted.collapsed, "health.duplicate"),
    ],
)
def test_a_refresh_that_is_worse_is_held_and_the_champion_stays(day, make, check):
    day.promote(day.gate(planted.good))
    before = day.aliases()
    verdict = day.gate(make)
    assert (verdict["outcome"], verdict["question"]) == ("hold", "refresh")
    assert check in failing(day, verdict)
    assert ("worse" in verdict["reason"]) == (check == "not_worse")
    assert day.aliases() == before


def test_an_equal_refresh_is_promoted_and_an_equal_change_is_not(day):
    day.promote(day.gate(planted.good))
    refresh = day.gate(planted.good, seed=1)
    assert (refresh["outcome"], refresh["question"]) == ("promote", "refresh")
    for more in ({"settings": "other"}, {"code": "other"}):
        change = day.gate(planted.good, seed=2, **more)
        assert (change["outcome"], change["question"]) == ("hold", "change")
        assert "not shown to be better" in change["reason"]


def test_a_better_change_is_promoted(day):
    day.promote(day.gate(planted.weak))
    verdict = day.gate(planted.good, settings="other")
    assert (verdict["outcome"], verdict["question"]) == ("promote", "change")
    assert verdict["difference"]["recall_50"]["relative"] > 0.1


def test_mlflow_holds_the_verdict_and_its_figures(day):
    verdict = day.gate(planted.good)
    version = mlflow_client.client().get_model_version(
        mlflow_client.model_name(day.family), verdict["version"]
    )
    run = mlflow_client.client().get_run(version.run_id)
    assert run.data.tags["recall.verdict"] == version.tags["recall.verdict"] == "promote"
    assert (
        run.data.tags["recall.reason"] == verdict["reason"]
        and verdict["reason"] in version.description
    )
    assert run.data.metrics["test/recall_50"] == pytest.approx(
        verdict["metrics"]["challenger"]["recall_50"]
    )
    assert run.data.metrics["popularity/ndcg_10"] == pytest.approx(
        verdict["metrics"]["popularity"]["ndcg_10"]
    )
    assert verdict["reason"] in run.data.tags[mlflow_client.DESCRIPTION]
    written = {one.path for one in mlflow_client.client().list_artifacts(version.run_id, "verdict")}
    assert written == {"verdict/verdict.json", "verdict/verdict.html"}
    assert day.gate(planted.good) == verdict  # a retried task
    request = {
        "store": str(day.store.root),
        "evaluation": day.store.open(verdict["uri"], "verdict").lineage["parents"][0],
        "policy": day.policy,
    }
    done = subprocess.run(
        [python("serve"), "-m", "tasks.promote", "gate", json.dumps(request)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and json.loads(done.stdout)["uri"] == verdict["uri"], (
        done.stderr
    )  # where it runs


def test_the_page_shows_every_metric_and_refers_to_nothing_outside(day):
    day.promote(day.gate(planted.good))
    verdict = day.gate(planted.good, seed=1)
    text = day.store.open(verdict["uri"], "verdict").file("verdict.html").read_text()
    assert all(f">{metric_title(name)}</td>" in text for name in verdict["metrics"]["challenger"])
    assert all(
        f">{name}</td>" in text and f">{name}</text>" in text
        for name in ("group 0", "group 1", "group 2")
    ), "slices: figures and points"
    assert "<rect" in text and "http" not in text.replace("http-equiv", "")
    assert (
        text.count("<table") == text.count('<div class="wide"><table')
        and "width=device-width" in text
        and "prefers-color-scheme: dark" in text
    )


def case(challenger: np.ndarray, champion: np.ndarray, popular: np.ndarray, **health) -> Case:
    models = {"challenger": challenger, "champion": champion, "popularity": popular}
    per_user = {model: {"recall_50": values} for model, values in models.items()}
    overall = {
        model: {
            "recall_50": float(one["recall_50"].mean()),
            "coverage_50": 0.1 if model == "popularity" else 0.6,
        }
        for model, one in per_user.items()
    }
    who = {"uri": "file:///x", "day": "2026-01-01", "settings_digest": "s", "code": "c"}
    healthy = {
        "not_finite": 0.0,
        "zero": 0.0,
        "duplicate": 0.0,
        "alike": 0.1,
        "longest": 2.0,
        "queries_not_finite": 0.0,
        "silent": 0.0,
        "items_known": 1.0,
    }
    return Case(
        per_user,
        overall,
        {**healthy, **health},
        {**who, "id": "new"},
        {**who, "id": "old", "version": "1"},
    )


def users(count: int, mean: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).binomial(3, mean, count) / 3


@pytest.mark.parametrize(
    "fault", ["not_finite", "zero", "duplicate", "queries_not_finite", "silent"]
)
def test_a_faulty_model_is_held_however_good_it_looks(fault):
    verdict = decide(
        case(users(400, 0.9), users(400, 0.4), users(400, 0.1), **{fault: 0.2}), POLICY
    )
    assert verdict["outcome"] == "hold" and verdict["reason"].startswith("refresh: 20.0% of the")


def test_too_few_users_ask():
    verdict = decide(case(users(60, 0.9), users(60, 0.4), users(60, 0.1)), POLICY)
    assert verdict["outcome"] == "ask" and "60 users were judged" in verdict["reason"]


def test_a_baseline_of_a_part_of_the_catalogue_decides_and_the_verdict_says_which_part():
    large = case(users(400, 0.6), users(400, 0.4), users(400, 0.1))
    large.per_user["ease"] = {"recall_50": users(400, 0.7)}
    large = dataclasses.replace(
        large,
        partial={
            "ease": "of the 8,757 most popular of 43,097 items, which hold 96.0% of the likes"
        },
        users_in_all=186_187,
    )
    for share, outcome in ((0.7, "promote"), (1.0, "ask")):
        verdict = decide(large, dataclasses.replace(POLICY, floors=(Floor("ease", share, "ask"),)))
        assert verdict["outcome"] == outcome
        (floor,) = [one for one in verdict["checks"] if one["name"] == "floor.ease"]
        assert (
            "(ease of the 8,757 most popular of 43,097 items, which hold 96.0% of the likes): "
            in floor["sentence"]
        )
    text = verdict_page(verdict | {"family": "linear", "day": "2026-01-01", "weights": {}})
    assert (
        "400 of 186,187 users, the same ones every day" in text
        and "<p>ease is that of the 8,757 most popular" in text
    )


@pytest.mark.parametrize("mean, outcome", [(0.9, "ask"), (0.4, "hold")])
def test_coverage_that_collapses_stops_a_model_and_a_better_one_asks(mean, outcome):
    poor = case(users(400, mean), users(400, 0.4), users(400, 0.1))
    poor.overall["challenger"]["coverage_50"] = 0.3
    verdict = decide(poor, POLICY)
    assert verdict["outcome"] == outcome and "coverage@50 0.300" in verdict["reason"]


def test_a_refresh_never_goes_live_below_popularity_even_if_the_champion_is():
    verdict = decide(case(users(400, 0.3, 1), users(400, 0.3, 2), users(400, 0.3, 3)), POLICY)
    assert verdict["outcome"] == "hold" and "popularity" in verdict["reason"]


def test_what_a_person_took_down_does_not_come_back_by_itself():
    verdict = decide(
        case(users(400, 0.9), users(400, 0.4), users(400, 0.1)),
        POLICY,
        taken_down="wrong titles (ana, today)",
    )
    assert verdict["outcome"] == "hold" and "wrong titles" in verdict["reason"]


def test_a_metric_that_was_not_measured_is_named():
    with pytest.raises(BadRequest, match=r"recall_7.*recall_50"):
        decide(
            case(users(400, 0.9), users(400, 0.4), users(400, 0.1)),
            Policy(metric="recall_7", resamples=1_000, tested=()),
        )


def test_a_champion_that_lacks_todays_items_is_no_fair_comparison():
    lacking = case(users(400, 0.9), users(400, 0.4), users(400, 0.1))
    lacking.champion["items_known"] = 0.3
    verdict = decide(lacking, POLICY)
    assert (
        verdict["outcome"] == "ask"
        and "the champion knows 30.0% of today's items" in verdict["reason"]
    )


@pytest.mark.parametrize("kept, outcome", [(0.0, "ask"), (0.6, "promote")])
def test_a_refresh_that_turns_every_neighbourhood_over_asks(kept, outcome):
    moved = case(users(400, 0.9), users(400, 0.4), users(400, 0.1))
    moved.challenger["stability"] = {"neighbours_10": kept}
    verdict = decide(moved, POLICY)
    assert verdict[
        "outcome"
    ] == outcome and f"{kept:.1%} of an item's ten nearest are the champion's" in " ".join(
        verdict["reasons"]
    )


def test_an_interval_over_six_thousand_users_and_sixteen_metrics_takes_seconds():
    random = np.random.default_rng(0)
    one, other = ({f"m{i}": random.random(6_040) for i in range(16)} for _ in range(2))
    started = time.monotonic()
    paired_differences(one, other, 0.95, 10_000, 0)
    assert time.monotonic() - started < 10


def test_a_figure_of_one_user_is_none_in_the_document_and_the_rest_stays():
    document = {
        "a": float("inf"),
        "b": [1.5, float("nan")],
        "c": {"d": (-float("inf"), "inf", 3, None, True)},
    }
    assert _finite(document) == {
        "a": None,
        "b": [1.5, None],
        "c": {"d": [None, "inf", 3, None, True]},
    }
