"""What `make run` says at its end."""

from __future__ import annotations

import json

import pytest

from infra.local import __main__ as commands
from infra.local import report
from infra.local.report import elsewhere, repeated


def test_rows_that_are_neither_kept_nor_set_aside_are_told_so_that_the_sum_is_that_of_the_rows_read():
    accounts = {"rows_in": 104, "kept": 100, "quarantined": 1, "superseded": 2, "later": 1}
    assert elsewhere(accounts) == "2 superseded by or the same as those of another delivery, 1 of days to come, "
    assert elsewhere(accounts | {"superseded": 0, "later": 0}) == ""


def test_repeats_are_told_with_what_follows_from_them_and_nothing_where_there_is_none():
    got = {"repeats": 1500, "recommend_seen": True, "recommend_seen_because": "it is set"}
    assert repeated(got) == "  1,500 of the kept rows repeat another; what was met may be recommended again: it is set"
    assert repeated(got | {"repeats": 0}) == "" == repeated({})


VERDICT = {"outcome": "hold", "reason": "first model: recall@50 .1 against popularity's .2: not better"}


class Told:
    """A report of three families, of which some have a verdict."""

    families = ("gru4rec", "linear", "fused")

    def __init__(self, gates: dict):
        self.gates = gates

    def result(self, dag: str, task: str) -> dict:
        return self.gates.get(dag.removeprefix("train_"), {})

    def ingest(self) -> str:
        return ""

    models = seconds = ingest


@pytest.mark.parametrize("served, gates, ends_well, said", [
    (["gru4rec", "linear", "fused"], {}, True, []),
    (["linear"], {"gru4rec": VERDICT, "fused": VERDICT | {"outcome": "ask"}}, True, [
        "gru4rec is not live: the gate holds it: first model: recall@50 .1", "trigger overrule_gru4rec", "fused is not live: a person is asked", "Required Actions"]),
    ([], {"gru4rec": VERDICT, "linear": VERDICT}, False, ["fused is not live: nothing was trained", "linear is not live: the gate holds it"]),
    (["gru4rec", "fused"], {"linear": VERDICT | {"outcome": "promote"}}, False, ["linear is not live, though the gate promotes it", "publish_linear"])])
def test_what_is_not_live_is_told_with_the_reason_and_the_next_step_and_nobody_is_asked_for_it(monkeypatch, capsys, served, gates, ends_well, said):
    asked = []

    def ask(local, *arguments):
        asked.append(arguments)
        if "--json" in arguments:
            return (0, json.dumps({"generations": dict.fromkeys(served, "1")})) if served else (2, "recommend: BadRequest: nothing is live")
        return 0, "a list"

    monkeypatch.setattr(report, "ask", ask)
    monkeypatch.setattr(commands, "ask", ask)
    assert commands.tell(None, Told(gates)) == ends_well
    printed = capsys.readouterr().out
    assert all(text in printed for text in said) and printed.count("is not live") == 3 - len(served) and "BadRequest" not in printed
    assert [one[2] for one in asked if one[0] == "similar"] == [family for family in Told.families if family in served]
