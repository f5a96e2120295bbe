"""The local stack works on the source that is named, remembers it, and never mixes two."""

from __future__ import annotations

import json
import os

import pytest

from infra.environments.names import environments
from infra.local import data, quarantine, source, supervisor
from infra.local.source import DAYS, NAMED, RULES
from infra.local.state import Local

VARIABLES = (
    "SOURCE",
    "FORMAT",
    "DATASET",
    "DAY",
    "FIRST_DAY",
    "LAST_DAY",
    "REPAIRED",
    "OUT",
    *NAMED,
    *DAYS,
    *RULES,
)


@pytest.fixture
def local(tmp_path, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(
        "RECALL_ENVIRONMENTS", str(environments())
    )  # built ones: a source is looked at by its stage
    monkeypatch.setenv("RECALL_STATE", str(tmp_path / "state"))
    return Local().prepare()


@pytest.fixture
def run(local, monkeypatch):
    """The settings that `make run` with these variables starts the stack with."""

    def settings(**variables) -> dict[str, str]:
        with monkeypatch.context() as given:
            for name, value in variables.items():
                given.setenv(name, str(value))
            return source.source(local).settings

    return settings


def delivered(folder, day):
    (folder / "events" / day).mkdir(parents=True)
    (folder / "events" / day / "part.jsonl.gz").write_bytes(b"not read")


@pytest.fixture
def shop(tmp_path):
    for day in ("2026-11-01", "2026-11-20"):
        delivered(tmp_path, day)
    place = tmp_path / "shop.toml"
    place.write_text(
        '[interactions]\npath = "events/{day}/*.jsonl.gz"\nuser = "uid"\nitem = '
        '"sku"\ntimestamp = "ts"\n'
    )
    return place


@pytest.fixture
def movielens(tmp_path, monkeypatch):
    """A stand-in for MovieLens 100K."""
    folder = tmp_path / "cache" / "ml-100k"
    folder.mkdir(parents=True)
    (folder / "u.data").write_text("1\t2\t5\t874724710\n2\t1\t3\t893286638\n")
    (folder / "u.genre").write_text("unknown|0\n")
    (folder / "u.item").write_text("1|A||||1\n2|B||||1\n")
    (folder / "u.user").write_text("1|24|M|other|1\n2|25|F|other|2\n")
    monkeypatch.setattr(data, "movielens_100k", lambda: folder)
    return folder


def test_a_toml_file_names_data_of_ones_own_and_is_remembered_while_its_days_grow(run, shop, local):
    variables = {
        "RECALL_DATASET": "shop",
        "RECALL_FORMAT": "own",
        "RECALL_LOCATION": shop.as_uri(),
        "RECALL_FIRST_DAY": "2026-11-21",
    }
    assert run(SOURCE=shop) == variables, (
        "the schedule goes on behind the newest day and has no end"
    )
    assert (source.source(local).first, source.source(local).newest) == ("2026-11-01", "2026-11-20")
    delivered(shop.parent, "2026-11-21")
    assert run() == variables | {"RECALL_FIRST_DAY": "2026-11-22"} == run(SOURCE=shop)


def test_a_last_day_that_is_given_ends_data_that_would_grow(run, shop):
    variables = run(SOURCE=shop, LAST_DAY="2026-11-20")
    assert (
        [variables[name] for name in DAYS]
        == ["2026-11-01", "2026-11-20"]
        == [run()[name] for name in DAYS]
    )


def test_a_folder_of_a_known_layout_needs_its_format(run, movielens):
    with pytest.raises(
        SystemExit, match=r"expected a .toml file, or a folder with FORMAT one of movielens-100k"
    ):
        run(SOURCE=movielens)
    variables = run(SOURCE=movielens, FORMAT="movielens-100k", DATASET="mine")
    assert [variables[name] for name in (*NAMED, *DAYS)] == [
        "mine",
        "movielens-100k",
        movielens.as_uri(),
        "1997-09-20",
        "1998-04-22",
    ]


def test_without_a_source_it_is_movielens_100k(run, movielens, shop):
    assert [run()[name] for name in NAMED] == ["ml-100k", "movielens-100k", movielens.as_uri()]
    with pytest.raises(
        SystemExit, match=r"this stack works on ml-100k .*cannot be compared with those of shop"
    ):
        run(SOURCE=shop)


def test_another_source_is_refused_until_the_first_is_forgotten(run, shop, local):
    run(SOURCE=shop)
    other = shop.with_name("other.toml")
    other.write_text(shop.read_text())
    with pytest.raises(
        SystemExit, match=r"works on shop .*of other .*`make clean` first.*RECALL_STATE"
    ):
        run(SOURCE=other)
    (local.home / "source.json").unlink()
    assert run(SOURCE=other)["RECALL_DATASET"] == "other"


def test_rules_are_remembered_and_those_of_a_running_stack_are_not_changed_under_it(
    run, shop, local, monkeypatch
):
    assert (
        run(SOURCE=shop, RECALL_EXPECTATIONS="/a.json")["RECALL_EXPECTATIONS"]
        == "/a.json"
        == run()["RECALL_EXPECTATIONS"]
    )
    monkeypatch.setattr(supervisor, "read", lambda local: {"pid": os.getpid()})
    assert run()["RECALL_EXPECTATIONS"] == "/a.json"
    with pytest.raises(SystemExit, match="make stop"):
        run(RECALL_EXPECTATIONS="/b.json")
    monkeypatch.undo()


@pytest.fixture
def timeless(tmp_path):
    (tmp_path / "rating.csv").write_text("user_id,anime_id,rating\n1,2,-1\n")
    return {"SOURCE": tmp_path, "FORMAT": "anime", "DATASET": "anime"}


def test_days_that_cannot_be_told_are_asked_for(run, timeless):
    with pytest.raises(
        SystemExit,
        match=r"the days of anime \(anime, .*cannot be told here: its rows have no "
        r"times.*FIRST_DAY=.*DAY=",
    ):
        run(**timeless)
    assert [run(**timeless, DAY="2026-01-02")[name] for name in DAYS] == ["2026-01-02"] * 2
    with pytest.raises(SystemExit, match="DAY="):
        run()
    given = {"FIRST_DAY": "2026-01-01", "LAST_DAY": "2026-01-31"}
    assert (
        [run(**given)[name] for name in DAYS]
        == list(given.values())
        == [run()[name] for name in DAYS]
    ), "days that were given are remembered"


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"SOURCE": "nowhere.toml"}, "no file .*nowhere.toml"),
        ({"SOURCE": "nowhere", "FORMAT": "anime"}, "no folder .*nowhere"),
        ({"SOURCE": "nowhere", "FORMAT": "netflix"}, "'netflix'"),
        ({"RECALL_LOCATION": "file:///x"}, "RECALL_DATASET, RECALL_FORMAT must be set too"),
        (
            {"RECALL_LOCATION": "file:///x", "RECALL_FORMAT": "netflix", "RECALL_DATASET": "x"},
            "RECALL_FORMAT is 'netflix', expected one of",
        ),
        ({"FIRST_DAY": "yesterday"}, "FIRST_DAY is 'yesterday'"),
    ],
)
def test_what_names_no_source_is_refused_and_not_remembered(
    run, local, movielens, variables, message
):
    with pytest.raises(SystemExit, match=message):
        run(**variables)
    assert source.remembered_source(local) == {}


def test_a_name_that_the_store_cannot_hold_is_refused(run, shop):
    with pytest.raises(SystemExit, match="'mein laden' cannot name a data set"):
        run(SOURCE=shop.rename(shop.with_name("mein laden.toml")))
    assert (
        run(SOURCE=shop.with_name("mein laden.toml"), DATASET="laden")["RECALL_DATASET"] == "laden"
    )


def test_a_stack_may_be_told_everything_as_outside(run):
    variables = {
        "RECALL_DATASET": "x",
        "RECALL_FORMAT": "own",
        "RECALL_LOCATION": "s3://bucket/x.toml",
        "RECALL_FIRST_DAY": "2026-01-01",
        "RECALL_LAST_DAY": "2026-01-02",
        "RECALL_EXPECTATIONS": "/suite.json",
    }
    assert run(**variables) == variables


def test_repaired_rows_go_into_the_form_of_a_named_day(tmp_path, local, monkeypatch):
    assert quarantine.repair_form() == {}
    monkeypatch.setenv("REPAIRED", str(tmp_path / "rows.jsonl"))
    with pytest.raises(SystemExit, match="no file"):
        quarantine.repair_form()
    (tmp_path / "rows.jsonl").write_text("")
    with pytest.raises(SystemExit, match="DAY must say which day"):
        quarantine.repair_form()
    monkeypatch.setenv("DAY", "1998-04-15")
    assert quarantine.repair_form() == {"repaired": str(tmp_path / "rows.jsonl")}


def test_a_file_under_repair_is_not_written_over(tmp_path, local, monkeypatch):
    monkeypatch.setenv("OUT", str(tmp_path / "rows.jsonl"))
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": "half repaired"}))
    with pytest.raises(SystemExit, match=r"rows.jsonl is there already"):
        quarantine.write(local, {"RECALL_DATASET": "shop"})
    with pytest.raises(SystemExit, match="no day has been taken yet"):
        quarantine.write(local, source.remembered_source(local))
