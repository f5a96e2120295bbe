"""A model made of others' champions: it has to do better than the best of them, whatever it is
compared with beside.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import NothingToDo
from tasks.core.registry import fused_members, mlflow_client
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store
from tasks.evaluate.judge import judge
from tasks.evaluate.settings import JudgeRequest
from tasks.fused.fit import fit
from tasks.fused.settings import FitRequest, Settings
from tasks.promote.aliases.promote import promote
from tasks.promote.aliases.restore import restore
from tasks.promote.gate.case import Case
from tasks.promote.gate.decide import decide
from tasks.promote.gate.gate import gate
from tasks.promote.gate.policy import Guard, Policy
from tasks.promote.gate.verdict_page import verdict_page
from tasks.promote.settings import Decision, GateRequest, PromoteRequest
from tests import worlds
from tests.fused import planted
from tests.promote.test_gate import case, users

POLICY = Policy(
    resamples=1_000, tested=(), guards=(Guard("coverage_50", loss_most=0.03, when_better="ask"),)
)
BEST, OTHER = users(400, 0.5, 7), users(400, 0.3, 8)


def fused(
    challenger: np.ndarray,
    champion: np.ndarray | None = None,
    stale: str | None = None,
    refresh: bool = True,
) -> Case:
    """A fusion of gru4rec and linear, gru4rec the better one; its champion, if it has one."""
    made = case(challenger, OTHER if champion is None else champion, users(400, 0.1))
    for family, values in (("gru4rec", BEST), ("linear", OTHER)):
        made.per_user[family], made.overall[family] = (
            {"recall_50": values},
            {"recall_50": float(values.mean()), "coverage_50": 0.6},
        )
    before = None if champion is None else {**made.champion, "stale": stale}
    challenged = made.challenger if refresh else {**made.challenger, "settings_digest": "other"}
    return dataclasses.replace(
        made, members=("gru4rec", "linear"), champion=before, challenger=challenged
    )


@pytest.mark.parametrize(
    "challenger, outcome, says",
    [
        (np.minimum(BEST + users(400, 0.1, 9), 1), "promote", "better"),
        (BEST.copy(), "hold", "not shown to be better, as a first one must be"),
        (users(400, 0.4, 9), "hold", "worse"),
    ],
)
def test_the_first_fusion_is_compared_with_the_best_member(challenger, outcome, says):
    verdict = decide(fused(challenger), POLICY)
    assert (
        verdict["outcome"],
        verdict["question"],
        verdict["difference_to"],
        verdict["best_member"],
    ) == (outcome, "first", "gru4rec", "gru4rec")
    assert "against gru4rec's" in verdict["reason"] and says in verdict["reason"]
    assert set(verdict["members"]) == {"gru4rec", "linear"} and not set(verdict["members"]) & set(
        verdict["baselines"]
    )


@pytest.mark.parametrize("covered, outcome", [(0.6, "promote"), (0.55, "promote"), (0.4, "ask")])
def test_what_it_may_not_lose_is_what_its_members_have_on_average(covered, outcome):
    """One covers .6 of the catalogue, the other .5."""
    made = fused(np.minimum(BEST + users(400, 0.1, 9), 1))
    made.overall["challenger"]["coverage_50"], made.overall["linear"]["coverage_50"] = covered, 0.5
    verdict = decide(made, POLICY)
    sentence = next(
        check["sentence"] for check in verdict["checks"] if check["name"] == "guard.coverage_50"
    )
    assert verdict["outcome"] == outcome and "against its members' mean 0.5500" in sentence


def test_a_refresh_may_be_as_good_as_its_champion_but_not_worse_than_its_best_member():
    equal = decide(fused(BEST.copy(), BEST.copy()), POLICY)
    assert (equal["outcome"], equal["question"], equal["difference_to"]) == (
        "promote",
        "refresh",
        "champion",
    )
    below = decide(fused(users(400, 0.42, 9), users(400, 0.42, 10)), POLICY)
    assert below["outcome"] == "hold" and "gru4rec's" in below["reason"]
    assert [check["name"] for check in below["checks"] if check["says"] == "hold"] == [
        "best_member.not_worse"
    ]


def test_a_change_has_to_be_better_than_both():
    gain = np.minimum(BEST + users(400, 0.1, 9), 1)
    assert decide(fused(gain, BEST.copy(), refresh=False), POLICY)["outcome"] == "promote"
    verdict = decide(fused(gain, gain.copy(), refresh=False), POLICY)
    assert verdict["outcome"] == "hold" and "the champion's" in verdict["reason"]


def test_a_champion_whose_member_was_taken_down_is_no_hurdle():
    """It is better than what can be made without the member, and must not stay for that."""
    lucky = np.minimum(BEST + users(400, 0.3, 9), 1)
    assert decide(fused(BEST.copy(), lucky), POLICY)["outcome"] == "hold"
    verdict = decide(
        fused(BEST.copy(), lucky, "version 4 of linear, a member, was taken down: wrong titles"),
        POLICY,
    )
    assert verdict["outcome"] == "promote" and verdict["difference_to"] == "gru4rec"
    assert any("wrong titles" in reason for reason in verdict["reasons"])


def test_the_page_shows_the_fusion_beside_each_member():
    verdict = decide(fused(np.minimum(BEST + users(400, 0.1, 9), 1), BEST.copy()), POLICY)
    text = verdict_page(
        verdict
        | {"family": "fused", "day": "1998-04-15", "weights": {"gru4rec": 0.0, "linear": 1.0}}
    )
    assert "beside its members, each alone" in text
    assert (
        text.index("<td>linear</td><td>100%</td>")
        < text.index("<td>gru4rec</td><td>left out</td>")
        < text.index("beside baselines")
    )


def champion(store: Store, snapshot: str, family: str, seed: int = 0) -> str:
    """A member that is registered and the champion; its version."""
    uri = planted.member(store, snapshot, family, seed=seed)
    id = uri.rsplit("/", 1)[-1]
    run = mlflow_client.find_or_start("recall", f"{family} {id}", id, {})
    version = mlflow_client.register(family, run, id, uri, {"recall.day": worlds.DAY})
    mlflow_client.client().set_registered_model_alias(
        mlflow_client.model_name(family), mlflow_client.CHAMPION, version
    )
    return version


def judged(store: Store, made: dict) -> dict:
    done = judge(JudgeRequest(str(store.root), made["uri"], run=made["run"]))
    verdict = gate(
        GateRequest(str(store.root), done["uri"], run=made["run"], version=made["version"])
    )
    return verdict | {
        "promoted": verdict["outcome"] == "promote"
        and promote(PromoteRequest(str(store.root), verdict["uri"]))
    }


def test_a_members_rollback_makes_the_fusion_stale_and_the_next_one_without_it_goes_live(
    tmp_path, mlflow_uri
):
    store = Store(str(tmp_path))
    snapshot = worlds.snapshot(store, planted.WORLD)
    versions = {
        "item2vec": champion(store, snapshot, "item2vec"),
        "gru4rec": champion(store, snapshot, "gru4rec"),
    }
    second = champion(store, snapshot, "gru4rec", seed=1)
    request = FitRequest(
        str(store.root),
        "planted",
        snapshot,
        settings=Settings(members=("item2vec", "gru4rec")),
        repeat=False,
    )
    first = fit(request)
    facts = Candidate(store.open(first["uri"], "candidate")).artefact.facts
    assert {family: one["version"] for family, one in facts["members"].items()} == {
        **versions,
        "gru4rec": second,
    }
    verdict = judged(store, first)
    assert (
        verdict["promoted"]
        and verdict["question"] == "first"
        and verdict["difference_to"] == verdict["best_member"]
    )
    assert mlflow_client.client().get_run(first["run"]).data.metrics[
        "best member/recall_50"
    ] == pytest.approx(verdict["metrics"][verdict["best_member"]]["recall_50"])
    assert {"fused", "item2vec", "gru4rec"} <= set(mlflow_client.champions())
    with pytest.raises(NothingToDo, match="judged: promote"):
        fit(request)

    restore(
        Decision(
            str(store.root), "gru4rec", by="ana", why="wrong titles", version=versions["gru4rec"]
        )
    )
    assert (
        str(mlflow_client.by_alias("gru4rec", mlflow_client.CHAMPION).version)
        == versions["gru4rec"]
    )
    again = fit(request)
    assert again["id"] != first["id"] and again["stability"] is None, (
        "of the same day: it goes on from none"
    )
    stale = mlflow_client.by_alias("fused", mlflow_client.CHAMPION).tags[fused_members.STALE]
    assert stale.startswith(f"version {second} of gru4rec, a member, was taken down: wrong titles")
    verdict = judged(store, again)
    assert (
        verdict["promoted"]
        and verdict["question"] == "refresh"
        and any("wrong titles" in reason for reason in verdict["reasons"])
    )
    assert (
        fused_members.stale_reason(
            Candidate(
                store.open(
                    mlflow_client.by_alias("fused", mlflow_client.CHAMPION).tags["recall.uri"],
                    "candidate",
                )
            )
        )
        is None
    )
