"""The aliases: moved together, once, by the verdict that stands; brought back in one step; every
move recorded.
"""

from __future__ import annotations

import json
import subprocess
import threading

import pytest

from infra.environments.names import python
from tasks.core.cli.errors import BadRequest, Conflict, NothingToDo
from tasks.core.registry import mlflow_client
from tasks.promote.aliases import registry
from tasks.promote.aliases.audit import Audit
from tasks.promote.aliases.promote import promote
from tasks.promote.aliases.restore import restore
from tasks.promote.settings import Decision, PromoteRequest, StatusRequest
from tasks.promote.status import status
from tests.evaluate import planted


def back(day, **more) -> dict:
    return restore(
        Decision(str(day.store.root), day.family, **{"by": "ana", "why": "wrong titles", **more})
    )


def test_aliases_move_together_and_the_record_says_who_and_why(day):
    first = day.gate(planted.weak)
    done = day.promote(first)
    assert day.aliases() == (first["version"], None) and done["previous"] is None
    second = day.gate(planted.good)
    done = day.promote(second, origin={"run_id": "daily 3"})
    assert day.aliases() == (second["version"], first["version"])
    assert done == {
        "family": day.family,
        "version": second["version"],
        "previous": first["version"],
        "candidate": second["candidate"],
        "snapshot": day.snapshot,
        "day": "1998-04-15",
    }
    record = Audit(day.store, day.family).records()[-1]
    assert (record["action"], record["from"], record["to"], record["by"], record["why"]) == (
        "promote",
        first["version"],
        second["version"],
        "daily 3",
        second["reason"],
    )
    assert (
        registry.version_of(day.family, second["version"]).tags["recall.live_since"]
        == record["when"]
    )
    assert (
        registry.version_of(day.family, first["version"]).tags["recall.live_until"]
        == record["when"]
    )
    assert status(StatusRequest())["families"][day.family] == {
        "champion": second["version"],
        "previous": first["version"],
        "challenger": second["version"],
    }


def test_a_second_try_changes_nothing(day):
    day.promote(day.gate(planted.weak))
    verdict = day.gate(planted.good)
    first = day.promote(verdict)
    aliases, records = day.aliases(), Audit(day.store, day.family).records()
    assert day.promote(verdict) == first
    assert (day.aliases(), Audit(day.store, day.family).records()) == (aliases, records)


def test_a_held_challenger_is_skipped_with_its_reason(day):
    verdict = day.gate(planted.shuffled)
    with pytest.raises(NothingToDo, match=r"hold.*popularity"):
        day.promote(verdict)
    assert day.aliases() == (None, None)
    done = subprocess.run(
        [
            python("serve"),
            "-m",
            "tasks.promote",
            "promote",
            json.dumps({"store": str(day.store.root), "verdict": verdict["uri"]}),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 99 and done.stdout == "" and "hold" in done.stderr


@pytest.mark.parametrize("step", range(5))
def test_killed_between_any_two_steps_the_next_try_ends_well(day, monkeypatch, step):
    """Step 0 dies before the first alias, 1 between the aliases, 2 to 4 at the tags and the
    record.
    """
    old = day.gate(planted.weak)
    day.promote(old)
    new = day.gate(planted.good)

    class Killed(BaseException):
        pass

    left = [step]

    def dying(real):
        def act(*arguments):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*arguments)

        return act

    with monkeypatch.context() as patch:
        patch.setattr(registry, "move_alias", dying(registry.move_alias))
        patch.setattr(registry, "tag_version", dying(registry.tag_version))
        patch.setattr(Audit, "end", dying(Audit.end))
        with pytest.raises(Killed):
            day.promote(new)
    assert day.promote(new)["previous"] == old["version"]
    assert day.aliases() == (new["version"], old["version"])
    audit = Audit(day.store, day.family)
    assert [record["to"] for record in audit.records()] == [
        old["version"],
        new["version"],
    ] and audit.find("pending") is None


def test_a_verdict_against_another_champion_is_stale(day):
    day.promote(day.gate(planted.weak))
    stale, other = day.gate(planted.good, seed=1), day.gate(planted.good, seed=2)
    day.promote(other)
    with pytest.raises(Conflict, match="another champion"):
        day.promote(stale)
    assert day.aliases()[0] == other["version"]


def test_two_runs_finishing_at_once_leave_one_of_two_right_states(day):
    base = day.gate(planted.weak)
    day.promote(base)
    verdicts, raised = [day.gate(planted.good, seed=1), day.gate(planted.good, seed=2)], []

    def go(verdict: dict) -> None:
        try:
            promote(PromoteRequest(str(day.store.root), verdict["uri"]))
        except Conflict:
            raised.append(verdict["version"])

    threads = [threading.Thread(target=go, args=(verdict,)) for verdict in verdicts]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    winner = next(verdict["version"] for verdict in verdicts if verdict["version"] not in raised)
    assert len(raised) == 1 and day.aliases() == (winner, base["version"])


def test_a_day_that_is_run_again_finds_its_candidate_live(day):
    day.promote(day.gate(planted.weak))
    first = day.promote(day.gate(planted.good))
    again = day.gate(planted.good)
    assert again["outcome"] == "promote" and "already" in again["reason"]
    assert day.promote(again) == first


def test_restore_swaps_and_the_version_that_went_down_stays_down(day):
    old = day.gate(planted.weak)
    day.promote(old)
    new = day.gate(planted.good)
    day.promote(new)
    done = back(day)
    assert (done["version"], done["candidate"]) == (old["version"], old["candidate"])
    assert day.aliases() == (old["version"], new["version"])
    with pytest.raises(Conflict, match=r"carried out at .* and undone since"):
        day.promote(new)
    again = day.gate(planted.good)
    assert again["outcome"] == "hold" and "wrong titles (ana" in again["reason"]
    back(day, why="it was right after all")
    assert day.aliases() == (new["version"], old["version"])
    assert [record["action"] for record in Audit(day.store, day.family).records()] == [
        "promote",
        "promote",
        "restore",
        "restore",
    ]


def test_a_retried_restore_does_not_swap_back(day):
    old = day.gate(planted.weak)
    day.promote(old)
    day.promote(day.gate(planted.good))
    origin = {"run_id": "rollback 1"}
    assert back(day, origin=origin) == back(day, origin=origin)
    assert day.aliases()[0] == old["version"]


def test_restore_refuses_what_is_not_there(day):
    day.promote(day.gate(planted.good))
    with pytest.raises(BadRequest, match="no previous version"):
        back(day)
    with pytest.raises(BadRequest, match="no such version"):
        back(day, version="77")
    with pytest.raises(BadRequest, match="why is empty"):
        back(day, why="  ")


def test_an_unregistered_challenger_cannot_be_promoted(day):
    verdict = day.gate(planted.good)
    mlflow_client.client().delete_model_version(
        mlflow_client.model_name(day.family), verdict["version"]
    )
    with pytest.raises(BadRequest, match="no such version"):
        day.promote(verdict)
