"""Models that are worse on purpose, through the real judge and the policy that is shipped: each is
held, and for its own reason.
"""

from __future__ import annotations

import dataclasses

import pytest

from tests import worlds
from tests.evaluate import planted

WORLD = worlds.uneven(
    users=600, items=900, groups=3
)  # the popular fifth of a group alone fills a list


@pytest.fixture
def world(day, monkeypatch):
    """A day of the uneven world, judged by the shipped policy, with a good champion."""
    monkeypatch.setattr(planted, "WORLD", WORLD)
    day = dataclasses.replace(day, snapshot=worlds.snapshot(day.store, WORLD), policy=None)
    day.promote(day.gate(planted.ranked))
    return day


def failing(verdict: dict, says: str = "hold") -> set[str]:
    return {check["name"] for check in verdict["checks"] if check["says"] == says}


@pytest.mark.parametrize(
    "make, reason, name",
    [
        (planted.shuffled, "worse", "not_worse"),
        (planted.popular, "collapsed", "not_worse"),
        (planted.collapsed, "repeat another one", "health.duplicate"),
        (planted.flattened, "collapsed", "health.alike"),
    ],
)
def test_a_faulty_model_is_held_for_its_fault(world, make, reason, name):
    before = world.aliases()
    verdict = world.gate(make)
    assert verdict["outcome"] == "hold" and name in failing(verdict) and reason in verdict["reason"]
    assert world.aliases() == before


def test_a_model_that_fails_only_new_users_is_held_for_them(world):
    verdict = world.gate(planted.forgets_new_users, settings="other")
    assert verdict["outcome"] == "hold" and "guard.recall_50.new users" in failing(verdict)
    assert "guard.recall_50" not in failing(verdict) and "new users" in " ".join(verdict["reasons"])


def test_a_model_that_is_better_on_average_and_ruins_the_tail_is_held_for_the_tail(world):
    verdict = world.gate(planted.headstrong, settings="other")
    assert verdict["difference"]["recall_50"]["low"] > 0, "it is better on average"
    assert verdict["outcome"] == "hold" and {
        "guard.tail_share_50",
        "guard.recall_50_tail",
    } <= failing(verdict)
    assert "better" not in failing(verdict) and "tail" in verdict["reason"]


def test_a_model_whose_similar_items_are_shuffled_is_held_for_them_alone(world):
    ranked = planted.ranked

    def shuffled(store, snapshot, **more):
        similar = planted.unlike_neighbours(store, snapshot)
        return ranked(store, snapshot, similar=similar, **more)

    verdict = world.gate(shuffled, seed=1)
    assert verdict["outcome"] == "hold" and "similar hr@10" in verdict["reason"]
    assert failing(verdict) == {"floor.similar_hr_10", "guard.similar_hr_10"}


def test_an_equally_good_refresh_passes_every_guard(world):
    verdict = world.gate(planted.ranked, seed=1)
    assert (verdict["outcome"], verdict["question"]) == ("promote", "refresh"), verdict["reason"]
