"""The batch verdict where a figure is not known yet."""

from __future__ import annotations

import json

import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.ingest.assess import batch

BETWEEN = "expect_column_values_to_be_between"


def expecting(figure: str, level: str, type: str = BETWEEN, **bounds) -> dict:
    return {
        "type": type,
        "kwargs": {"column": figure, **bounds},
        "meta": {"level": level, "about": "as planted"},
    }


def test_a_figure_without_history_neither_passes_nor_fails():
    suite = {
        "expectations": [
            expecting("ratio", "fail", min_value=0.9),
            expecting("rows", "fail", min_value=5),
            expecting("ratio", "warn", min_value=0.9, max_value=1.1),
            expecting("rows", "warn", max_value=6),
        ]
    }
    unknown, few, again, many = batch.check(
        {"ratio": None, "rows": 7, "digest": "text is no figure"}, suite
    )
    assert (unknown.observed, unknown.met) == (None, True) and (few.observed, few.met) == (7, True)
    assert (
        str(unknown) == "ratio: no history yet, expected at least 0.9"
        and again.expected == "0.9 to 1.1"
    )
    assert batch.refuse_or_warn([unknown, few, again, many]) == ["rows is 7, expected at most 6"]
    assert json.loads(json.dumps(batch.as_dicts([unknown]), allow_nan=False))[0]["observed"] is None
    assert [check.met for check in batch.check({"ratio": 0.5, "rows": 7}, suite)] == [
        False,
        True,
        False,
        False,
    ]


def test_checks_come_in_the_order_of_the_suite():
    suite = {
        "expectations": [
            expecting(figure, "warn", max_value=bound) for bound in (1, 2, 3) for figure in "cab"
        ]
    }
    checks = batch.check({"a": 2, "b": None, "c": 3}, suite)
    assert [(check.figure, check.expected[-1], check.met) for check in checks] == [
        ("c", "1", False),
        ("a", "1", False),
        ("b", "1", True),
        ("c", "2", False),
        ("a", "2", True),
        ("b", "2", True),
        ("c", "3", True),
        ("a", "3", True),
        ("b", "3", True),
    ]


def test_a_suite_is_understood_before_there_is_history_for_it():
    with pytest.raises(
        BadRequest, match=r"does not understand all of the suite; got .'expect_the_moon'."
    ):
        batch.check(
            {"ratio": None}, {"expectations": [expecting("ratio", "warn", type="expect_the_moon")]}
        )
    with pytest.raises(BadRequest, match="no such figure; got 'moons'; expected one of ratio"):
        batch.check({"ratio": None}, {"expectations": [expecting("moons", "warn", min_value=1)]})
    assert batch.check({"ratio": None}, {"expectations": []}) == []


def test_the_default_suite_refuses_a_history_that_shrank_and_warns_of_late_rows_and_bots():
    suite = batch.load("default")
    figures = {one["kwargs"]["column"]: None for one in suite["expectations"]}
    assert batch.refuse_or_warn(batch.check(figures, suite)) == []
    report = batch.refuse_or_warn(
        batch.check(
            figures | {"rows_against_previous": 1.02, "late_share": 0.3, "bot_rows_share": 0.06},
            suite,
        )
    )
    assert report == [
        "late_share is 0.3, expected at most 0.2",
        "bot_rows_share is 0.06, expected at most 0.05",
    ]
    with pytest.raises(
        RefusedData,
        match=r"rows_against_previous is 0.5, expected at least 0.9 .History only grows",
    ):
        batch.refuse_or_warn(batch.check(figures | {"rows_against_previous": 0.5}, suite))


def test_what_a_first_snapshot_may_be_refused_for_is_the_suites_to_say(tmp_path):
    one = expecting("volume", "fail", min_value=1)
    suite = {"expectations": [one | {"meta": one["meta"] | {"first": "warn"}}]}
    assert batch.refuse_or_warn(batch.check({"volume": 0}, suite, first=True)) == [
        "volume is 0, expected at least 1"
    ]
    with pytest.raises(RefusedData, match="volume is 0, expected at least 1"):
        batch.refuse_or_warn(batch.check({"volume": 0}, suite))
    suite["expectations"][0]["meta"]["first"] = "never"
    (tmp_path / "suite.json").write_text(json.dumps(suite))
    with pytest.raises(BadRequest, match=r"meta.level and meta.first must be of fail, warn"):
        batch.load(str(tmp_path / "suite.json"))
