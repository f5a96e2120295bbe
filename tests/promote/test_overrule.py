"""A person's word against the gate's: carried out, kept with name and reason, and never without
one.
"""

from __future__ import annotations

import pytest

from tasks.core.cli.errors import BadRequest, Conflict, NothingToDo
from tasks.promote.aliases.audit import Audit
from tasks.promote.aliases.overrule import force, refuse
from tasks.promote.aliases.registry import version_of
from tasks.promote.settings import Answer, Decision
from tests.evaluate import planted


def decision(day, **more) -> Decision:
    return Decision(
        str(day.store.root), day.family, **{"by": "ana", "why": "the titles are right", **more}
    )


def last(day) -> dict:
    return Audit(day.store, day.family).records()[-1]


def test_a_held_challenger_goes_live_by_force_with_its_reason_kept(day):
    first = day.gate(planted.good)
    day.promote(first)
    held = day.gate(planted.weak)
    assert held["outcome"] == "hold"
    done = force(decision(day, origin={"run_id": "forced 1"}))
    assert done["version"] == held["version"] and done["candidate"] == held["candidate"]
    assert day.aliases() == (held["version"], first["version"])
    assert (last(day)["action"], last(day)["by"], last(day)["why"], last(day)["verdict"]) == (
        "force",
        "ana",
        "the titles are right",
        "hold",
    )
    assert (
        force(decision(day, origin={"run_id": "forced 1"})) == done
        and len(Audit(day.store, day.family).records()) == 2
    )  # a retried task
    with pytest.raises(Conflict, match="is the champion"):
        force(decision(day))


def test_a_refused_version_stays_down_until_it_is_forced(day):
    refused = day.gate(planted.good)
    refuse(decision(day, why="licence of the data"))
    assert last(day)["action"] == "refuse" and day.aliases() == (None, None)
    again = day.gate(planted.good)
    assert again["outcome"] == "hold" and "licence of the data (ana" in again["reason"]
    force(decision(day, version=refused["version"], why="the licence came"))
    assert day.aliases()[0] == refused["version"]
    with pytest.raises(Conflict, match="roll back to take it down"):
        refuse(decision(day, version=refused["version"]))


def test_nothing_is_decided_without_a_reason_or_without_a_version(day):
    with pytest.raises(BadRequest, match="why is empty"):
        decision(day, why="  ")
    with pytest.raises(BadRequest, match="no challenger"):
        force(decision(day))
    day.gate(planted.good)
    with pytest.raises(BadRequest, match="no such version"):
        refuse(decision(day, version="77"))


def borderline(day) -> dict:
    """A verdict that asks: fewer users than the policy wants."""
    (day.store.root / "many.toml").write_text("resamples = 1000\nusers_least = 10000\n")
    import dataclasses

    return dataclasses.replace(day, policy=str(day.store.root / "many.toml")).gate(planted.good)


def test_an_ask_goes_live_when_a_person_approves(day):
    verdict = borderline(day)
    with pytest.raises(NothingToDo, match="ask"):
        day.promote(verdict)
    day.promote(verdict, answer=Answer(True, "ana", "looked at it"))
    assert day.aliases()[0] == verdict["version"]
    assert last(day)["by"] == "ana" and last(day)["why"].endswith("approved: looked at it")


def test_what_a_person_turns_down_is_kept_and_nothing_moves(day):
    verdict = day.gate(planted.good)
    for _ in range(2):  # a retried task
        with pytest.raises(NothingToDo, match="turned down by ana: not today"):
            day.promote(verdict, answer=Answer(False, "ana", "not today"))
    assert day.aliases() == (None, None)
    assert [
        (one["action"], one["by"], one["why"]) for one in Audit(day.store, day.family).records()
    ] == [("turn down", "ana", "not today")]


def test_nobody_can_approve_a_hold(day):
    with pytest.raises(NothingToDo, match="hold"):
        day.promote(day.gate(planted.shuffled), answer=Answer(True, "ana", ""))
    assert day.aliases() == (None, None)


def test_a_run_says_since_when_its_model_is_live(day):
    from tasks.core.registry import mlflow_client

    first, second = day.gate(planted.weak), day.gate(planted.good)
    day.promote(first)
    second = day.gate(planted.good)
    day.promote(second)
    tags = [
        mlflow_client.client().get_run(version_of(day.family, one["version"]).run_id).data.tags
        for one in (first, second)
    ]
    assert (
        tags[0]["recall.live_until"] == tags[1]["recall.live_since"]
        and "recall.live_until" not in tags[1]
    )
    assert tags[1]["recall.verdict"] == "promote"
