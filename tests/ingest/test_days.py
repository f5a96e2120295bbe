"""A growing source, day by day: a day reads what is new, late rows go where they belong, the same
day twice changes nothing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.store.store import Store
from tasks.ingest.snapshot import snapshot
from tests.ingest.conftest import NOW, make_snapshot, snapshot_request

FIRST = 1_600_041_600  # 2020-09-14T00:00:00Z
DAYS = ("2020-09-14", "2020-09-15", "2020-09-16")
TOML = (
    '[interactions]\npath = "in/{day}/*.csv"\nuser = "u"\nitem = "i"\ntimestamp = "t"\nrating '
    '= "r"\nrating_range = [1, 5]\n'
    '[items]\npath = "items.csv"\nid = "i"\n'
)


def deliver(folder, day: int, *lines: str) -> None:
    place = folder / "in" / DAYS[day]
    place.mkdir(parents=True, exist_ok=True)
    (place / "rows.csv").write_text("\n".join(("u,i,t,r", *lines)) + "\n")


def row(user: str, item: str, day: int, second: int, rating: int = 5) -> str:
    return f"{user},{item},{FIRST + 86_400 * day + second},{rating}"


@pytest.fixture
def shop(tmp_path):
    """Three days: on the second comes a late row, an early one, a row again, a newer opinion; the
    third brings a new user.
    """
    (tmp_path / "shop.toml").write_text(TOML)
    (tmp_path / "items.csv").write_text("i\n" + "\n".join("abcdef") + "\n")
    deliver(tmp_path, 0, *(row(user, item, 0, n) for user in "xy" for n, item in enumerate("abc")))
    deliver(
        tmp_path,
        1,
        row("x", "d", 1, 5),
        row("y", "e", 0, 50),
        row("y", "d", 2, 1),
        row("x", "a", 0, 0),
        row("x", "b", 1, 9, 1),
    )
    deliver(
        tmp_path,
        2,
        row("z", "a", 2, 0),
        row("z", "b", 2, 1),
        row("z", "c", 2, 2),
        row("z", "f", 2, 3),
    )
    return tmp_path


def request(shop, day: int, **fields):
    return snapshot_request(
        shop,
        shop / "shop.toml",
        format="own",
        day=DAYS[day],
        split={"test": 1, "validation": 0},
        maximum_quarantined=0.5,
        **fields,
    )


def lists(made) -> dict[str, str]:
    """Every user's items, oldest first."""
    whole = made.histories("train", "history", "validation", "test", liked_only=False)
    return {
        user: "".join(made.item_ids[item] for item in whole[n])
        for n, user in enumerate(made.user_ids)
    }


def test_days_follow_each_other_and_every_row_finds_its_place(spark, shop):
    result, made = make_snapshot(request(shop, 0))
    assert lists(made) == {"x": "abc", "y": "abc"} and result["rows_in"] == 6
    result, made = make_snapshot(request(shop, 1))
    assert lists(made) == {"x": "acdb", "y": "abce"}, (
        "the late row stands where its time is, the newer opinion where its own is"
    )
    counts = {
        name: result[name]
        for name in ("rows_in", "kept", "later", "superseded", "quarantined", "late")
    }
    assert counts == {
        "rows_in": 11,
        "kept": 8,
        "later": 1,
        "superseded": 1,
        "quarantined": 1,
        "late": 2,
    }, "of the late ones one is there already"
    delivered = {
        name: result["delivered"][name]
        for name in ("rows_in", "kept", "later", "reasons", "delivery")
    }
    assert delivered == {
        "rows_in": 5,
        "kept": 3,
        "later": 1,
        "reasons": {"exact_duplicate": 1},
        "delivery": DAYS[1],
    }
    result, made = make_snapshot(request(shop, 2))
    assert lists(made) == {"x": "acdb", "y": "abced", "z": "abcf"}, (
        "what came early is there on its day"
    )
    assert (result["rows_in"], result["kept"], result["later"]) == (15, 13, 0)


def test_a_day_reads_only_what_is_new(spark, shop):
    make_snapshot(request(shop, 0))
    make_snapshot(request(shop, 1))
    store = Store(request(shop, 0).store)
    first = store.children("deliveries", "planted", "interactions", DAYS[0])
    shutil.rmtree(shop / "in" / DAYS[0])  # an archive may move away what was delivered
    result, made = make_snapshot(request(shop, 2))
    assert lists(made)["x"] == "acdb" and result["rows_in"] == 15
    assert store.children("deliveries", "planted", "interactions", DAYS[0]) == first


def test_the_same_day_twice_is_the_same_snapshot(spark, shop, monkeypatch):
    first, _ = make_snapshot(request(shop, 0))
    make_snapshot(request(shop, 1))
    monkeypatch.setattr(
        "tasks.ingest.snapshot.session", lambda *_: pytest.fail("Spark was started")
    )
    assert snapshot(request(shop, 0), now=NOW) == first


def test_days_that_were_left_out_are_read_with_the_next_one_and_a_changed_day_is_read_again(
    spark, shop
):
    _, made = make_snapshot(request(shop, 1))
    assert lists(made) == {"x": "acdb", "y": "abce"}, "the first run takes all days up to its own"
    deliver(shop, 0, *(row(user, item, 0, n) for user in "xy" for n, item in enumerate("abf")))
    _, made = make_snapshot(request(shop, 2))
    assert lists(made) == {"x": "afdb", "y": "abfed", "z": "abcf"}


def test_a_day_that_was_not_delivered_is_refused(spark, shop):
    shutil.rmtree(shop / "in" / DAYS[2])
    with pytest.raises(
        RefusedData, match=r"2020-09-16 has not been delivered.*got '2 days, the newest 2020-09-15'"
    ):
        snapshot(request(shop, 2))


def test_a_catalogue_that_has_not_come_yet_is_refused(spark, shop):
    (shop / "shop.toml").write_text(TOML.replace('path = "items.csv"', 'path = "items/{day}.csv"'))
    with pytest.raises(
        RefusedData,
        match=r"no items have been delivered up to 2020-09-14: nothing is at items/{day}.csv; "
        "got 'no day at all'",
    ):
        snapshot(request(shop, 0))
    (shop / "items").mkdir()
    (shop / "items.csv").rename(shop / "items" / f"{DAYS[0]}.csv")
    (shop / "items" / f"{DAYS[1]}.csv").write_text("i\ng\n")
    _, made = make_snapshot(request(shop, 1))
    assert made.item_ids == list("abcdefg"), "a catalogue grows day by day, too"


def test_a_refused_day_stays_out_until_it_is_repaired(spark, shop):
    make_snapshot(request(shop, 0))
    deliver(shop, 1, *(f"x,a,{FIRST},9" for _ in range(8)))
    with pytest.raises(
        RefusedData, match=r"8 of 8 rows of the interactions are bad .*line 2: out_of_range_rating"
    ) as refusal:
        snapshot(request(shop, 1))
    report = str(refusal.value).rsplit("report: ", 1)[1]
    assert "out_of_range_rating" in Path(report).read_text()
    result, made = make_snapshot(request(shop, 2))
    assert lists(made) == {"x": "abc", "y": "abc", "z": "abcf"} and result["rows_in"] == 10, (
        "its rows are not let in by the back door"
    )
    deliver(shop, 1, row("x", "d", 1, 5))
    _, made = make_snapshot(request(shop, 1))
    assert lists(made) == {"x": "abcd", "y": "abc"}


def test_a_new_catalogue_lets_in_what_was_unknown(spark, shop):
    deliver(shop, 1, row("x", "g", 1, 5), row("x", "d", 1, 6))
    result, _ = make_snapshot(request(shop, 1, bots={"rows_a_day": 4}))
    assert result["reasons"] == {"unknown_item": 1} and result["bots"] == {"users": 0, "rows": 0}
    (shop / "items.csv").write_text("i\n" + "\n".join("abcdefg") + "\n")
    result, made = make_snapshot(request(shop, 1))
    assert result["reasons"] == {} and lists(made)["x"] == "abcgd"


def test_superhuman_users_are_left_out_whole_and_counted(spark, shop):
    deliver(shop, 2, *(row("z", item, 2, n) for n, item in enumerate("abcdf")))
    result, made = make_snapshot(request(shop, 2, bots={"rows_a_minute": 4}))
    assert made.user_ids == ["x", "y"] and result["bots"] == {"users": 1, "rows": 5}
    assert (result["kept"], result["left_out"]) == (14, 5)
