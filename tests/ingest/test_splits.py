"""No split lets a model learn from what it is asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from tasks.core.cli.request import parse
from tasks.core.data.snapshot import PARTS
from tasks.ingest.resolve.splits import bucket, divide, sessions
from tasks.ingest.rules import Sessions, Split

COLUMNS = (
    "user string, ms bigint, order bigint, day int, file int, block bigint, at bigint, "
    "liked boolean"
)
DAY_ENDS = 40 * 86_400
KEYS = {
    "time": lambda row: (row.ms, row.at),
    "given": lambda row: (row.order, row.at),
    "file": lambda row: row.at,
}
ROW = st.tuples(st.sampled_from("abc"), st.integers(0, 39), st.integers(0, 9), st.booleans())
SPLITS = (
    {"test": 3, "validation": 1},
    {"test": 1, "validation": 1, "order": "given"},
    {"test": 2, "validation": 0, "order": "file"},
    {"hold_out_short": True},
    {"method": "users", "test_share": 0.4, "validation_share": 0.3},
    {"method": "users", "test_share": 0.5, "order": "given"},
    {"method": "temporal", "test_days": 9, "validation_days": 4},
)


def divided(spark, rows, split) -> dict[str, list]:
    """Rows (user, day, order, liked) as divided, by user, in the user's order."""
    lines = [
        (user, day * 86_400_000, order, 0, 0, 0, line, liked)
        for line, (user, day, order, liked) in enumerate(rows, 1)
    ]
    split = replace(split, order=split.order or "time")
    frame = spark.createDataFrame(lines, COLUMNS).withColumn("bucket", bucket(F.col("user"), split))
    users: dict[str, list] = {}
    for row in divide(frame, split, DAY_ENDS).collect():
        users.setdefault(row.user, []).append(row)
    return {user: sorted(found, key=KEYS[split.order]) for user, found in users.items()}


@pytest.mark.parametrize("split_settings", SPLITS, ids=lambda one: "-".join(map(str, one.values())))
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate),
)
@given(rows=st.lists(ROW, min_size=30, max_size=120))
def test_no_row_of_a_later_part_and_no_row_after_one_is_learned_from(spark, split_settings, rows):
    split = parse(Split, split_settings)
    made = divided(spark, rows, split)
    assert sum(map(len, made.values())) == len(rows), "no row is lost"
    for found in made.values():
        assert [row.position for row in found] == list(range(len(found)))
        parts = [PARTS.index(row.part) for row in found]
        assert parts == sorted(parts), "a user's parts follow each other in the user's own order"


def parts(spark, pattern: str, **split) -> str:
    """One user whose rows are liked where `pattern` has an x; the first letters of their parts."""
    rows = [("a", day, day, mark == "x") for day, mark in enumerate(pattern)]
    return "".join(row.part[0] for row in divided(spark, rows, parse(Split, split))["a"])


def test_cuts_are_counted_over_liked_rows_and_the_rest_goes_where_it_lies(spark):
    assert (
        parts(spark, "xx.x.x.x.xx.", test=3, validation=1)
        == "tttt" + "t" + "v" + "v" + "tttt" + "t"
    )
    assert parts(spark, "xxxx", test=3, validation=1) == "tttt"
    made = divided(
        spark,
        [("a", day, day, True) for day in range(4)],
        parse(Split, {"test": 3, "validation": 1}),
    )
    assert {row.part for row in made["a"]} == {"train"}, (
        "a user with nothing left to learn from is not held out"
    )
    short = divided(
        spark, [("a", day, day, True) for day in range(2)], parse(Split, {"hold_out_short": True})
    )
    assert {row.part for row in short["a"]} == {"test"}


def test_ties_in_time_follow_the_file(spark):
    rows = [("a", 5, 9 - n, True) for n in range(6)]
    by_time = divided(spark, rows, parse(Split, {"test": 1, "validation": 1}))["a"]
    assert [(row.at, row.part) for row in by_time][-2:] == [(5, "validation"), (6, "test")]
    given_order = divided(
        spark, rows, parse(Split, {"test": 1, "validation": 1, "order": "given"})
    )["a"]
    assert [(row.at, row.part) for row in given_order][-2:] == [(2, "validation"), (1, "test")]


def test_users_are_held_out_in_the_shares_asked_for_and_stay_on_their_side(spark):
    rows = [(f"u{user}", day, day, True) for user in range(400) for day in range(10)]
    split = parse(Split, {"method": "users", "seed": 3})
    made = divided(spark, rows, split)
    sides = {user: {row.part for row in found} - {"history"} for user, found in made.items()}
    counts = {
        part: sum(side == {part} for side in sides.values())
        for part in ("train", "validation", "test")
    }
    assert sum(counts.values()) == 400
    assert 22 <= counts["test"] <= 60 and 22 <= counts["validation"] <= 60, counts
    held_out = next(found for user, found in made.items() if sides[user] == {"test"})
    assert [row.part for row in held_out] == ["history"] * 8 + ["test"] * 2
    fewer = divided(spark, [row for row in rows if row[0] in ("u1", "u2", "u3", "u399")], split)
    assert all({row.part for row in fewer[user]} - {"history"} == sides[user] for user in fewer)


def test_a_temporal_split_cuts_everybody_at_the_same_moments(spark):
    rows = [(user, day, 0, True) for user in "abc" for day in range(40)]
    for found in divided(
        spark, rows, parse(Split, {"method": "temporal", "test_days": 7, "validation_days": 3})
    ).values():
        assert [row.part for row in found] == ["train"] * 30 + ["validation"] * 3 + ["test"] * 7


def test_a_longer_silence_begins_a_session(spark):
    minutes = [("a", 0), ("a", 29), ("a", 59), ("b", 5), ("a", 90), ("b", 5)]
    rows = [
        (user, minute * 60_000, 0, 0, 0, 0, at, True) for at, (user, minute) in enumerate(minutes)
    ]
    made = sessions(spark.createDataFrame(rows, COLUMNS), Sessions(gap_minutes=30)).collect()
    assert sorted((row.user, row.ms // 60_000, row.session) for row in made) == [
        ("a", 0, 0),
        ("a", 29, 0),
        ("a", 59, 0),
        ("a", 90, 1),
        ("b", 5, 0),
        ("b", 5, 0),
    ]
