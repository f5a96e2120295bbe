"""What `make run` says at its end."""

from __future__ import annotations

import pytest

from infra.local import __main__ as commands
from infra.local.report import describe_repeats, elsewhere


def test_rows_neither_kept_nor_in_quarantine_are_counted_so_that_the_sum_is_that_of_all():
    accounts = {"rows_in": 104, "kept": 100, "quarantined": 1, "superseded": 2, "later": 1}
    assert (
        elsewhere(accounts)
        == "2 superseded by or the same as those of another delivery, 1 of days to come, "
    )
    assert elsewhere(accounts | {"superseded": 0, "later": 0}) == ""


def test_repeats_are_told_with_what_follows_from_them_and_nothing_where_there_is_none():
    got = {"repeats": 1500, "recommend_seen": True, "recommend_seen_because": "it is set"}
    assert (
        describe_repeats(got)
        == "  1,500 of the kept rows repeat another; what was met may be recommended again: it "
        "is set"
    )
    assert describe_repeats(got | {"repeats": 0}) == "" == describe_repeats({})


VERDICT = {
    "outcome": "hold",
    "reason": "first model: recall@50 .1 against popularity's .2: not better",
}


class PlantedReport:
    """A report of three families, of which some have a verdict."""

    families = ("gru4rec", "linear", "fused")

    def __init__(self, gates: dict, skipped: str | None = None):
        self.gates, self.reason = gates, skipped

    def skipped(self, family: str) -> str | None:
        return self.reason

    def result(self, dag: str, task: str) -> dict:
        return self.gates.get(dag.removeprefix("train_"), {})

    def ingest(self) -> str:
        return ""

    models = seconds = ingest


@pytest.mark.parametrize(
    "served, gates, ends_well, message",
    [
        (["gru4rec", "linear", "fused"], {}, True, []),
        (
            ["linear"],
            {"gru4rec": VERDICT, "fused": VERDICT | {"outcome": "ask"}},
            True,
            [
                "gru4rec is not live: the gate holds it: first model: recall@50 .1",
                "trigger overrule",
                "fused is not live: a person is asked",
                "Required Actions",
            ],
        ),
        (
            [],
            {"gru4rec": VERDICT, "linear": VERDICT},
            False,
            ["fused is not live: nothing was trained", "linear is not live: the gate holds it"],
        ),
        (
            ["gru4rec", "fused"],
            {"linear": VERDICT | {"outcome": "promote"}},
            False,
            ["linear is not live, though the gate promotes it", "publish_linear"],
        ),
    ],
)
def test_what_is_not_live_is_told_with_the_reason_and_the_next_step_and_nobody_is_asked_for_it(
    monkeypatch, capsys, served, gates, ends_well, message
):
    monkeypatch.delenv("TITLE", raising=False)
    questions = []

    def ask(local, verb, *arguments):
        questions.append(verb)
        family = arguments[arguments.index("--family") + 1] if "--family" in arguments else None
        return (
            (2, f"{verb}: BadRequest: nothing of {family} is live")
            if family and family not in served
            else (0, f"a list of {family}")
        )

    monkeypatch.setattr(commands, "ask", ask)
    assert commands.tell(None, PlantedReport(gates)) == ends_well
    printed = capsys.readouterr().out
    assert (
        all(text in printed for text in message)
        and printed.count("is not live") == 3 - len(served)
        and "BadRequest" not in printed
    )
    shown = [family for family in PlantedReport.families if f"a list of {family}" in printed]
    assert len(shown) == bool(served)
    assert ("recommend" in questions) == bool(served)


def test_a_day_run_again_ends_well_where_a_held_model_is_not_trained_twice(monkeypatch, capsys):
    monkeypatch.delenv("TITLE", raising=False)
    monkeypatch.setattr(
        commands, "ask", lambda local, verb, *more: (2, "no") if "fused" in more else (0, "a list")
    )
    reason = "these very champions were put side by side and judged: hold"
    assert commands.tell(None, PlantedReport({}, reason))
    assert f"nothing was trained, because {reason}." in capsys.readouterr().out


def test_a_title_that_a_family_does_not_know_makes_it_no_less_live(monkeypatch, capsys):
    monkeypatch.setenv("TITLE", "Teapot")
    monkeypatch.setattr(
        commands,
        "ask",
        lambda local, verb, *arguments: (
            (2, "similar: BadRequest: no title is like it")
            if "--title" in arguments
            else (0, "a list")
        ),
    )
    assert commands.tell(None, PlantedReport({}))
    printed = capsys.readouterr().out
    assert printed.count("no title is like it") == 1 and "is not live" not in printed
