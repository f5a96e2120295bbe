"""Repeats are events: every row of a log is kept in its place, copies are counted, and what follows
from it is decided.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tasks.core.cli.errors import RefusedData
from tasks.ingest.derived_settings import recommend_seen
from tasks.ingest.snapshot import snapshot
from tests.ingest.conftest import NOW, make_snapshot, snapshot_request
from tests.ingest.test_own import DAY, HOLD_ONE, SECOND, describe_as

LOG = '[interactions]\npath = "log.csv"\nuser = "u"\nitem = "i"\ntimestamp = "t"\n'
KINDS = LOG + 'event = "kind"\nweights = { view = 1, save = 1, buy = 5 }\n'
STARS = LOG + 'rating = "r"\nrating_range = [1, 5]\n'
OTHERS = [("bob", "mug", 3), ("bob", "jar", 4), ("cid", "jar", 5), ("cid", "tea", 6)]


def log(folder, rows, toml=LOG, name="log.csv", header="u,i,t") -> str:
    """A log of rows (user, item, seconds after SECOND, …), and the description of it."""
    text = "".join(
        ",".join(map(str, (user, item, SECOND + t, *more))) + "\n" for user, item, t, *more in rows
    )
    (folder / name).write_text(f"{header}\n{text}")
    return describe_as(folder, toml)


def take(folder, location, day=DAY, **fields):
    return make_snapshot(
        snapshot_request(
            folder,
            location,
            format="own",
            day=day,
            **{"maximum_quarantined": 0.5, **HOLD_ONE, **fields},
        )
    )


def kept_rows(made) -> list[tuple]:
    """User, item, seconds, rating, position of every row, each user's in their order."""
    rows = (
        made.table("interactions")
        .sort_by([("user", "ascending"), ("position", "ascending")])
        .to_pylist()
    )
    return [
        (
            made.user_ids[row["user"]],
            made.item_ids[row["item"]],
            row["timestamp"] - SECOND,
            row["rating"],
            row["position"],
        )
        for row in rows
    ]


def test_a_user_who_comes_back_three_times_is_in_the_snapshot_as_it_happened(spark, tmp_path):
    back = [
        ("ann", "tea", 10),
        ("ann", "mug", 20),
        ("ann", "tea", 30),
        ("ann", "tea", 40),
        ("ann", "jar", 50),
        ("ann", "tea", 60),
    ]
    result, made = take(tmp_path, log(tmp_path, [*reversed(back), *OTHERS]), maximum_quarantined=0)
    assert (
        result["rows_in"],
        result["kept"],
        result["quarantined"],
        result["repeats"],
        result["reasons"],
    ) == (10, 10, 0, 3, {})
    assert kept_rows(made)[:6] == [
        ("ann", "tea", 10, 1, 0),
        ("ann", "mug", 20, 1, 1),
        ("ann", "tea", 30, 1, 2),
        ("ann", "tea", 40, 1, 3),
        ("ann", "jar", 50, 1, 4),
        ("ann", "tea", 60, 1, 5),
    ]
    assert [made.item_ids[row] for row in made.histories("train")[0]] == [
        "tea",
        "mug",
        "tea",
        "tea",
        "jar",
    ]
    facts = made.artefact.facts
    assert facts["accounts"]["repeats"] == 3 and facts["events"] and not facts["weighted"]
    page = made.artefact.file("report.html").read_text()
    assert (
        "of the kept, repeats" in page
        and "may be recommended to them again, because 30.0 % of the kept rows repeat another"
        in page
    )


def test_a_copy_has_the_same_second_and_kind_and_is_counted_as_bad(spark, tmp_path):
    rows = [
        ("ann", "tea", 1, "view"),
        ("ann", "tea", 1, "view"),
        ("ann", "tea", 1, "save"),
        ("ann", "tea", 1, "buy"),
        ("ann", "tea", 2, "view"),
        ("ann", "tea", 1, "view"),
        *[(*one, "view") for one in OTHERS],
    ]
    result, made = take(tmp_path, log(tmp_path, rows, KINDS, header="u,i,t,kind"))
    assert (result["kept"], result["repeats"], result["reasons"]) == (8, 3, {"exact_duplicate": 2})
    assert sorted(kept_rows(made)[:4]) == [
        ("ann", "tea", 1, 1, 0),
        ("ann", "tea", 1, 1, 1),
        ("ann", "tea", 1, 5, 2),
        ("ann", "tea", 2, 1, 3),
    ]
    assert (
        made.artefact.facts["recommend_seen"]
        and "12.5 %" in made.artefact.facts["recommend_seen_because"]
    ), "one view in eight rows was there before"
    assert made.artefact.facts["weighted"]


def test_without_time_and_order_a_copy_cannot_be_told_from_a_repeat(spark, tmp_path):
    rows = [
        ("ann", "tea"),
        ("ann", "tea"),
        ("ann", "mug"),
        ("ann", "tea"),
        ("bob", "mug"),
        ("bob", "jar"),
    ]
    (tmp_path / "log.csv").write_text("u,i\n" + "".join(f"{u},{i}\n" for u, i in rows))
    result, made = take(tmp_path, describe_as(tmp_path, LOG.replace('timestamp = "t"\n', "")))
    assert (result["kept"], result["repeats"], result["reasons"]) == (6, 2, {})
    assert [item for user, item, *_ in kept_rows(made) if user == "ann"] == [
        "tea",
        "tea",
        "mug",
        "tea",
    ]


def test_dates_cannot_tell_a_copy_from_a_second_purchase_of_a_day_but_another_delivery_can(
    spark, tmp_path
):
    rows = [
        ("ann", "tea", "2020-09-13"),
        ("ann", "tea", "2020-09-13"),
        ("ann", "mug", "2020-09-13"),
        ("bob", "mug", "2020-09-12"),
        ("bob", "jar", "2020-09-13"),
    ]
    (tmp_path / f"{DAY}.csv").write_text("u,i,t\n" + "".join(f"{u},{i},{t}\n" for u, i, t in rows))
    toml = describe_as(tmp_path, LOG.replace("log.csv", "{day}.csv"))
    result, _ = take(tmp_path, toml)
    assert (result["kept"], result["repeats"], result["reasons"]) == (5, 1, {})
    (tmp_path / "2020-09-15.csv").write_text(
        "u,i,t\n" + "".join(f"{u},{i},{t}\n" for u, i, t in [*rows, ("bob", "tea", "2020-09-15")])
    )
    result, _ = take(tmp_path, toml, day="2020-09-15")
    assert (
        result["rows_in"],
        result["kept"],
        result["superseded"],
        result["repeats"],
        result["reasons"],
    ) == (11, 6, 5, 1, {})


def test_an_order_tells_copies_from_repeats_where_there_is_no_time(spark, tmp_path):
    rows = [
        ("ann", "tea", 3),
        ("ann", "tea", 1),
        ("ann", "mug", 2),
        ("ann", "tea", 3),
        ("bob", "mug", 1),
        ("bob", "jar", 2),
    ]
    (tmp_path / "log.csv").write_text("u,i,n\n" + "".join(f"{u},{i},{n}\n" for u, i, n in rows))
    result, made = take(
        tmp_path, describe_as(tmp_path, LOG.replace('timestamp = "t"\n', 'order = "n"\n'))
    )
    assert (result["kept"], result["repeats"], result["reasons"]) == (5, 1, {"exact_duplicate": 1})
    assert [item for user, item, *_ in kept_rows(made) if user == "ann"] == ["tea", "mug", "tea"]


def test_what_a_later_delivery_brings_again_is_no_bad_row_and_what_is_new_in_it_is_kept(
    spark, tmp_path
):
    first = [
        ("ann", "tea", 1, "view"),
        ("ann", "tea", 2, "view"),
        *[(*one, "view") for one in OTHERS],
    ]
    second = [
        *first[:2],
        ("ann", "tea", 86_400, "view"),
        ("ann", "mug", 86_401, "buy"),
        ("bob", "mug", 3, "save"),
    ]
    toml = KINDS.replace("log.csv", "{day}.csv")
    log(tmp_path, first, toml, f"{DAY}.csv", "u,i,t,kind")
    result, _ = take(tmp_path, log(tmp_path, second, toml, "2020-09-15.csv", "u,i,t,kind"))
    assert (result["kept"], result["repeats"]) == (6, 1)
    result, made = take(tmp_path, str(tmp_path / "shop.toml"), day="2020-09-15")
    assert (
        result["rows_in"],
        result["kept"],
        result["repeats"],
        result["superseded"],
        result["reasons"],
    ) == (11, 9, 3, 2, {})
    assert (
        result["delivered"]["kept"],
        result["delivered"]["superseded"],
        result["delivered"]["reasons"],
    ) == (3, 2, {})
    assert [(item, second) for user, item, second, *_ in kept_rows(made) if user == "ann"] == [
        ("tea", 1),
        ("tea", 2),
        ("tea", 86_400),
        ("mug", 86_401),
    ]


def test_of_ratings_the_newest_counts_as_ever(spark, tmp_path):
    rows = [
        ("ann", "tea", 1, 2),
        ("ann", "tea", 9, 5),
        ("ann", "tea", 9, 5),
        ("ann", "mug", 4, 3),
        *[(*one, 4) for one in OTHERS],
    ]
    result, made = take(tmp_path, log(tmp_path, rows, STARS, header="u,i,t,r"))
    assert (result["kept"], result["repeats"], result["reasons"]) == (
        6,
        0,
        {"exact_duplicate": 1, "conflicting_duplicate": 1},
    )
    assert kept_rows(made)[:2] == [("ann", "mug", 4, 3, 0), ("ann", "tea", 9, 5, 1)]
    assert not made.artefact.facts["recommend_seen"] and not made.artefact.facts["events"]


@pytest.mark.parametrize("seed", range(4))
def test_the_accounts_close_and_every_row_is_where_it_belongs_whatever_the_rows(
    spark, tmp_path, seed
):
    draw = random.Random(seed)
    kinds = seed % 2
    rows = [
        (
            draw.choice("abcd"),
            draw.choice("xyz"),
            draw.randrange(6),
            draw.choice(("view", "buy", "wave")),
        )
        for _ in range(120)
    ]
    rows += [("e", "x", 1, "view"), ("e", "y", 2, "view")]
    wanted = Counter(
        (user, item, t, kind if kinds else "")
        for user, item, t, kind in rows
        if kind != "wave" or not kinds
    )
    narrow = {"minimum_item_interactions": 2} if seed > 1 else {}
    result, made = take(
        tmp_path,
        log(tmp_path, rows, KINDS if kinds else LOG, header="u,i,t,kind"),
        maximum_quarantined=1,
        **narrow,
    )
    assert (
        result["rows_in"]
        == result["kept"] + result["quarantined"] + result["later"] + result["superseded"]
        == 122
    )
    assert result["kept"] == len(wanted) and result["reasons"].get(
        "exact_duplicate", 0
    ) == wanted.total() - len(wanted)
    assert result["repeats"] == len(wanted) - len({(user, item) for user, item, *_ in wanted})
    assert Counter((user, item, t) for user, item, t, *_ in kept_rows(made)) == Counter(
        (user, item, t) for user, item, t, _ in wanted
    )
    for user in "abcde":
        own = [t for name, _, t, *_ in kept_rows(made) if name == user]
        assert own == sorted(own)


@pytest.mark.parametrize(
    "given, rated, repeats, value, because",
    [
        (
            None,
            False,
            5,
            True,
            "5.0 % of the kept rows repeat another of the same user and item, at least 5 %",
        ),
        (
            None,
            False,
            4,
            False,
            "4.0 % of the kept rows repeat another of the same user and item, fewer than 5 %",
        ),
        (None, True, 0, False, "rows are ratings: a user's newest one of an item counts"),
        (True, True, 0, True, "it is set"),
        (False, False, 90, False, "it is set"),
    ],
)
def test_whether_what_was_met_may_come_again_is_set_or_follows_from_the_rows(
    given, rated, repeats, value, because
):
    made = recommend_seen(given, rated, False, 100, repeats)
    assert (made.value, made.because) == (value, because)
    assert "same user, item and kind" in recommend_seen(None, False, True, 100, 9).because


def test_the_request_wins_over_the_description_and_either_gives_another_snapshot(spark, tmp_path):
    location = log(tmp_path, [("ann", "tea", 1), ("ann", "mug", 2), ("ann", "tea", 3), *OTHERS])
    first, made = take(tmp_path, location)
    assert first["recommend_seen"] and made.artefact.facts["recommend_seen"]
    described = log(
        tmp_path,
        [("ann", "tea", 1), ("ann", "mug", 2), ("ann", "tea", 3), *OTHERS],
        "recommend_seen = false\n" + LOG,
    )
    second, _ = take(tmp_path, described)
    third, _ = take(tmp_path, described, recommend_seen=True)
    assert [one["recommend_seen"] for one in (first, second, third)] == [True, False, True]
    assert second["recommend_seen_because"] == third["recommend_seen_because"] == "it is set"
    assert len({one["id"] for one in (first, second, third)}) == 3


WORLDS = {
    "one user": [("ann", item, t) for t, item in enumerate("abcab")],
    "one item": [(user, "tea", t) for t, user in enumerate("abcab")],
    "one second": [(user, item, 7) for user in "abc" for item in "xyz"],
    "all alike": [(user, item, t) for user in "abc" for t, item in enumerate("xyx")],
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_data_set_of_nothing_but_is_taken_or_refused_in_one_sentence(spark, tmp_path, name):
    request = snapshot_request(
        tmp_path, log(tmp_path, WORLDS[name]), format="own", day=DAY, **HOLD_ONE
    )
    if name.startswith("one ") and name != "one second":
        with pytest.raises(
            RefusedData, match=r"the batch is refused: .*More than one (user acted|item was met)"
        ):
            snapshot(request, now=NOW)
    else:
        result, _ = make_snapshot(request)
        assert result["kept"] == len(WORLDS[name]) and result["quarantined"] == 0


def test_a_delivery_of_an_older_version_without_kinds_is_read_beside_newer_ones(spark, tmp_path):
    from pyspark.sql import functions as F

    from tasks.ingest.resolve.event_kinds import with_kind

    weights = {"view": 1, "save": 1, "buy": 5}
    old = spark.createDataFrame([(1.0,), (5.0,)], "rating double")
    mixed = old.withColumn("kind", F.lit(None).cast("string")).union(
        spark.createDataFrame([(1.0, "save")], "rating double, kind string")
    )
    assert [row["kind"] for row in with_kind(old, weights).collect()] == [None, "buy"]
    assert [row["kind"] for row in with_kind(mixed, weights).collect()] == [None, "buy", "save"]
