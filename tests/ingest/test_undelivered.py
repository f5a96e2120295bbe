"""A day that the source has nothing of yet: whoever waits for it is told so, and that alone."""

from __future__ import annotations

import datetime

import pytest

from tasks.core.cli.errors import NothingToDo, RefusedData, Undelivered
from tests.ingest.conftest import make_snapshot, snapshot_request
from tests.ingest.reading import LOG

FIRST = datetime.datetime(2020, 9, 10, tzinfo=datetime.UTC)


def lines(day: int) -> str:
    begin = int((FIRST + datetime.timedelta(days=day)).timestamp())
    return "".join(f"u{n % 5},i{(n + day) % 7},{begin + 60 * n}\n" for n in range(20))


@pytest.fixture
def shop(tmp_path):
    """A log of three days in one file."""
    (tmp_path / "log.csv").write_text("user,item,ts\n" + "".join(map(lines, range(3))))
    (tmp_path / "shop.toml").write_text(LOG + 'path = "log.csv"\n')
    return tmp_path


def taken(shop, day: int, **more) -> dict:
    date = (FIRST + datetime.timedelta(days=day)).date().isoformat()
    return make_snapshot(
        snapshot_request(
            shop,
            shop / "shop.toml",
            format="own",
            day=date,
            split={"test": 1, "validation": 0},
            **more,
        )
    )[0]


def test_of_one_file_the_day_is_there_with_its_first_row(spark, shop):
    assert taken(shop, 2, waits=True)["kept"] == 60
    for _ in range(2):
        with pytest.raises(
            Undelivered,
            match=r"2020-09-13 has not been delivered: no row of log.csv is of that day or a "
            "later one; got 'the newest day 2020-09-12'",
        ):
            taken(shop, 3, waits=True)
    with (shop / "log.csv").open("a") as log:
        log.write(lines(3))
    made = taken(shop, 3, waits=True)
    assert made["kept"] == 80 and made["id"] == taken(shop, 3)["id"], (
        "who waits gets the same snapshot"
    )
    assert taken(shop, 2)["kept"] == 60


def test_of_days_in_files_of_their_own_the_files_must_be_there(spark, shop):
    (shop / "2020-09-10.csv").write_text("user,item,ts\n" + lines(0))
    (shop / "shop.toml").write_text(LOG + 'path = "{day}.csv"\n')
    assert taken(shop, 0, waits=True)["kept"] == 20
    for waits in (True, False):
        with pytest.raises(
            Undelivered, match=r"2020-09-11 has not been delivered: nothing is at 2020-09-11.csv"
        ):
            taken(shop, 1, waits=waits)
    assert Undelivered.exit_code == 6 and issubclass(Undelivered, RefusedData)


def test_a_day_that_came_after_a_later_one_was_made_is_left_to_the_next(spark, shop):
    made = taken(shop, 2, waits=True)
    with pytest.raises(
        NothingToDo,
        match="2020-09-11 was waited for until 2020-09-12 had been made: the next day takes in "
        "what comes late",
    ):
        taken(shop, 1, waits=True)
    assert taken(shop, 1)["kept"] == 40, "who asks for it by hand gets it"
    assert taken(shop, 2, waits=True) == made


def test_a_file_of_rows_without_times_is_never_waited_for(spark, shop):
    (shop / "shop.toml").write_text(
        '[interactions]\npath = "log.csv"\nuser = "user"\nitem = "item"\n'
    )
    assert taken(shop, 9, waits=True)["kept"] == 60
