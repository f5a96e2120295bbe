"""What nobody set, the data decides: who is held out, with the reason, and the next day as this
one.
"""

from __future__ import annotations

import dataclasses

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import parse
from tasks.core.data.snapshot import same_split
from tasks.ingest.derived_settings import DerivedSetting, UserActivity, keep_earlier, split
from tasks.ingest.rules import Split
from tests.ingest.conftest import make_snapshot, snapshot_request

FIRST = 1_600_041_600  # 2020-09-14T00:00:00Z
LOG = '[interactions]\npath = "log*.csv"\nuser = "u"\nitem = "i"\ntimestamp = "t"\n'
FILMS = UserActivity(events=False, users=900, likes=40, days=0, back={})
SESSIONS = UserActivity(
    events=True, users=60_000, likes=4, days=30, back={1: 12, 2: 12, 3: 12, 7: 12}
)
SHOP = UserActivity(
    events=True, users=60_000, likes=30, days=90, back={1: 900, 2: 1_800, 3: 2_700, 7: 6_000}
)


@pytest.mark.parametrize(
    "shape, wanted",
    [
        (FILMS, {"method": "leave-last-n", "test": 3, "validation": 1}),
        (dataclasses.replace(FILMS, likes=9), {"method": "leave-last-n", "test": 2}),
        (dataclasses.replace(SESSIONS, users=900), {"method": "leave-last-n", "test": 1}),
        (SESSIONS, {"method": "users", "test_share": 0.1, "validation_share": 0.1}),
        (dataclasses.replace(SESSIONS, users=10_000_000), {"method": "users", "test_share": 0.002}),
        (SHOP, {"method": "temporal", "test_days": 3, "validation_days": 3}),
        (dataclasses.replace(SHOP, days=20), {"method": "leave-last-n"}),
        (dataclasses.replace(SHOP, events=False), {"method": "leave-last-n"}),
    ],
)
def test_who_is_held_out_is_what_the_rows_are_like(shape, wanted):
    decided = split(Split(), shape)
    assert (
        decided.open
        and decided.because
        and {name: getattr(decided.value, name) for name in wanted} == wanted
    )


def test_a_shop_without_an_order_in_time_is_not_cut_in_time():
    assert split(Split(order="file"), SHOP).value.method == "leave-last-n"


@pytest.mark.parametrize(
    "given, method",
    [
        ({"method": "users"}, "users"),
        ({"test": 1}, "leave-last-n"),
        ({"test_share": 0.2}, "users"),
        ({"validation_days": 2}, "temporal"),
        ({"hold_out_short": True}, "leave-last-n"),
    ],
)
def test_a_setting_given_wins_and_brings_its_method(given, method):
    decided = split(parse(Split, given), SESSIONS)
    assert not decided.open and decided.value.method == method
    assert all(getattr(decided.value, name) == value for name, value in given.items())


def test_sizes_of_two_methods_are_refused():
    with pytest.raises(BadRequest, match="several methods"):
        Split(test=1, test_days=3)


def test_what_a_day_decided_stays_and_the_reason_says_what_today_would():
    before, now = (
        DerivedSetting(Split(method="users"), "then"),
        DerivedSetting(Split(method="temporal"), "users come back"),
    )
    kept = keep_earlier(before, now)
    assert (
        kept.value == before.value
        and "an earlier day" in kept.because
        and "users come back" in kept.because
    )
    assert keep_earlier(before, dataclasses.replace(before, because="as ever")).because == "as ever"


def test_splits_of_an_older_version_are_compared_in_what_both_say():
    older = {
        "method": "leave-last-n",
        "order": "time",
        "test": 3,
        "validation": 1,
        "hold_out_short": False,
        "test_share": 0.1,
        "seed": 0,
    }
    assert same_split(older, Split(method="leave-last-n", order="time").fields())
    assert not same_split(older, Split(method="leave-last-n", order="time", test=2).fields())
    assert not same_split(None, Split(method="leave-last-n").fields()) and not same_split({}, {})


def rows(users: int, days: int, a_user: int) -> list[str]:
    """Each user's rows, one a day with gaps that spread them over all days, of items that many
    have.
    """
    return [
        f"u{user},i{(user * 7 + n * 13) % 50},"
        f"{FIRST + 86_400 * ((user + n * days // a_user) % days) + user % 3_600}"
        for user in range(users)
        for n in range(a_user)
    ]


def write(folder, lines: list[str], name: str = "log.csv") -> str:
    (folder / name).write_text("u,i,t\n" + "\n".join(lines) + "\n")
    (folder / "shop.toml").write_text(LOG)
    return str(folder / "shop.toml")


def test_short_lists_are_held_out_by_users_and_so_they_are_the_next_day(spark, tmp_path):
    source = write(
        tmp_path,
        [
            f"s{session},i{(session * 7 + n) % 50},{FIRST + session + n}"
            for session in range(10_000)
            for n in range(3)
        ],
    )
    result, made = make_snapshot(snapshot_request(tmp_path, source, format="own", day="2020-09-14"))
    facts = made.artefact.facts
    assert (
        facts["split"]["method"] == "users"
        and "fewer than 12" in facts["decided"]["split"]["because"]
        and "whole users" in result["split"]
    )
    assert not any("new_user_share" in warning for warning in result["warnings"]), (
        "the ids of sessions are new every day"
    )
    assert (
        900 < facts["held_out_users"]["test"] < 1_100
        and len(made.queries("test").users) == facts["held_out_users"]["test"]
    )
    write(
        tmp_path,
        [f"n{n},i{n % 50},{FIRST + 86_400 + n}" for n in range(50)]
        + [f"long{user},i{n},{FIRST + 86_400 + n}" for user in range(12_000) for n in range(13)],
        "log2.csv",
    )
    _, next_day = make_snapshot(
        snapshot_request(
            tmp_path, source, format="own", day="2020-09-15", expectations=str(anything(tmp_path))
        )
    )
    assert next_day.artefact.facts["split"] == facts["split"], (
        "the user in the middle has 13 rows now"
    )
    assert "an earlier day decided so" in next_day.artefact.facts["decided"]["split"]["because"]


def test_a_log_whose_users_come_back_is_cut_in_time(spark, tmp_path):
    made = make_snapshot(
        snapshot_request(
            tmp_path, write(tmp_path, rows(4_000, 40, 20)), format="own", day="2020-10-23"
        )
    )[1]
    facts = made.artefact.facts
    assert (
        facts["split"]["method"] == "temporal"
        and facts["decided"]["split"]["value"]["test_days"] == facts["split"]["test_days"] <= 3
    )
    last = FIRST + 86_400 * (40 - facts["split"]["test_days"])
    table = made.table("interactions", ["timestamp", "part"])
    assert {
        (part == "test") == (second >= last)
        for second, part in zip(table["timestamp"].to_pylist(), table["part"].to_pylist())
    } == {True}


def anything(folder):
    """A suite that refuses nothing."""
    import json
    from pathlib import Path

    shipped = json.loads(Path("tasks/ingest/expectations/default.json").read_text())
    for expectation in shipped["expectations"]:
        expectation["meta"] = {**expectation.get("meta", {}), "level": "warn"}
    (folder / "suite.json").write_text(json.dumps(shipped))
    return folder / "suite.json"
