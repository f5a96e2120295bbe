"""Finding: which files a path means, how they are named, which days there are, and what is said
when there is nothing.
"""

from __future__ import annotations

import os
import socket

import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.ingest.fetch import find_files, find_files_of_day, list_days

TREE = (
    "items.csv",
    "events/2026-01-01/part-1.jsonl",
    "events/2026-01-01/part-2.jsonl.gz",
    "events/2026-01-01/_SUCCESS",
    "events/2026-01-01/.part-1.jsonl.crc",
    "events/2026-01-02/deep/part-1.jsonl",
    "events/_temporary/2026-01-09/part-1.jsonl",
    "events/2026-02-30/part-1.jsonl",
    "events/readme.txt",
    "odd/[x]/a*b.csv",
    "odd/x/a1b.csv",
    "odd/sp ace/é.csv",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    for name in TREE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1,2\n")
    return folder


def names(where, base):
    return [one.name for one in find_files(str(where), base)]


FIRST, SECOND, DEEP = (
    "events/2026-01-01/part-1.jsonl",
    "events/2026-01-01/part-2.jsonl.gz",
    "events/2026-01-02/deep/part-1.jsonl",
)
THIRTIETH = "events/2026-02-30/part-1.jsonl"


@pytest.mark.parametrize(
    "where, expected",
    [
        ("items.csv", ["items.csv"]),
        ("./events/../items.csv", ["items.csv"]),
        ("events", [FIRST, SECOND, DEEP, THIRTIETH, "events/readme.txt"]),
        ("events/", [FIRST, SECOND, DEEP, THIRTIETH, "events/readme.txt"]),
        ("events/2026-01-01/*.jsonl", [FIRST]),
        ("events/*/part-?.jsonl", [FIRST, THIRTIETH]),
        ("events/*-0[13]-*/*", [FIRST, SECOND, DEEP]),
        ("events/*-0[!1]-*/*", [THIRTIETH]),
        ("events/**/*.jsonl", [FIRST, DEEP, THIRTIETH]),
        ("**/part-1.jsonl", [FIRST, DEEP, THIRTIETH]),
        ("events/**", [FIRST, SECOND, DEEP, THIRTIETH, "events/readme.txt"]),
        (
            "*",
            [
                FIRST,
                SECOND,
                DEEP,
                THIRTIETH,
                "events/readme.txt",
                "items.csv",
                "odd/[x]/a*b.csv",
                "odd/sp ace/é.csv",
                "odd/x/a1b.csv",
            ],
        ),
        ("events/2026-01-01/_SUCCESS", ["events/2026-01-01/_SUCCESS"]),
        ("events/2026-01-01/_*", ["events/2026-01-01/_SUCCESS"]),
        ("odd/[x]/*.csv", ["odd/[x]/a*b.csv"]),
        ("odd/[x]/a*b.csv", ["odd/[x]/a*b.csv"]),
        ("odd/?/a?b.csv", ["odd/x/a1b.csv"]),
    ],
)
def test_a_file_a_folder_or_a_glob_means_these_files_in_the_order_of_their_names(
    base, where, expected
):
    assert names(where, base) == expected
    assert names(base / where, base) == expected, "an absolute path below the base names them alike"
    assert [one.uri for one in find_files(where, base)] == [str(base / name) for name in expected]


def test_a_uri_is_decoded_and_its_wildcards_are_no_query(base):
    assert names((base / "odd" / "sp ace" / "é.csv").as_uri(), base) == ["odd/sp ace/é.csv"]
    assert names(f"file://localhost{base}/events/*/part-?.jsonl", base) == [FIRST, THIRTIETH]


def test_outside_the_base_files_are_named_below_the_part_without_wildcards(base, tmp_path):
    assert names(base / "events", tmp_path) == [
        name.removeprefix("events/") for name in names("events", base)
    ]
    assert names(base / "events" / "*" / "*.jsonl", tmp_path) == [
        "2026-01-01/part-1.jsonl",
        "2026-02-30/part-1.jsonl",
    ]
    assert names(base / "items.csv", tmp_path) == ["items.csv"]
    assert names("../items.csv", base / "events") == ["items.csv"]


def test_size_and_time_of_change_are_told(base):
    os.utime(base / "items.csv", ns=(5, 1_700_000_000_123_456_789))
    [one] = find_files("items.csv", base)
    assert (one.bytes, one.modified) == (4, 1_700_000_000_123_456_789)


def test_the_days_are_real_ones_in_order(base, tmp_path):
    assert list_days("events/{day}/*.jsonl", base) == ["2026-01-01", "2026-01-02"]
    assert (
        list_days(str(base / "{day}" / "x"), tmp_path) == []
        and list_days("nowhere/{day}", base) == []
    )
    for name in (
        "day=2026-03-02.csv",
        "day=2026-03-01.csv",
        "day=2026-3-1.csv",
        "day=2026-02-29.csv",
        "x2026-03-04.csv",
        "2026-03-05-2026-03-05.csv",
        "2026-03-05-2026-03-06.csv",
        "day=２０２６-03-01.csv",
    ):
        (tmp_path / name).write_text("1\n")
    assert list_days("day={day}.csv", tmp_path) == ["2026-03-01", "2026-03-02"]
    assert list_days("{day}-{day}.csv", tmp_path) == ["2026-03-05"]
    assert list_days("day={day}.csv/x", tmp_path) == [], "a file is no folder of a day"


def test_the_days_below_a_wildcard_are_those_of_all_folders(tmp_path):
    for name in ("eu/2026-01-02/a.csv", "us/2026-01-01/a.csv", "us/2026-01-02/a.csv"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("1\n")
    assert (
        list_days("*/{day}/*.csv", tmp_path)
        == list_days("**/{day}", tmp_path)
        == ["2026-01-01", "2026-01-02"]
    )
    assert [one.name for one in find_files_of_day("*/{day}/*.csv", tmp_path, "2026-01-02")] == [
        "eu/2026-01-02/a.csv",
        "us/2026-01-02/a.csv",
    ]


def test_the_files_of_a_day(base):
    assert [one.name for one in find_files_of_day("events/{day}/*.jsonl*", base, "2026-01-01")] == [
        FIRST,
        SECOND,
    ]
    assert [one.name for one in find_files_of_day("events/{day}", base, "2026-01-02")] == [DEEP]
    with pytest.raises(
        RefusedData,
        match=r"no file is at events/2026-01-03/\*; got '.*/events with 2026-01-01, 2026-01-02",
    ):
        find_files_of_day("events/{day}/*", base, "2026-01-03")
    for where, day in (
        ("events/{day}", "2026-02-30"),
        ("events/{day}", "*"),
        ("events/{day}", "20260101"),
        ("events", "2026-01-01"),
    ):
        with pytest.raises(BadRequest, match="no day of a path"):
            find_files_of_day(where, base, day)


@pytest.mark.parametrize(
    "where, message",
    [
        ("itens.csv", r"no file is at itens\.csv; got '.* with events, items\.csv, odd'"),
        ("events/*.parquet", r"events with 2026-01-01, .*_temporary, readme\.txt'"),
        ("events/_temporary/nothing/**", r"_temporary with 2026-01-09'"),
        ("events/readme.txt/x", r"readme\.txt with nothing in it'"),
    ],
)
def test_when_no_file_is_found_it_is_said_what_lies_there(base, where, message):
    with pytest.raises(RefusedData, match=message):
        find_files(where, base)


@pytest.mark.parametrize(
    "where",
    ["", "  ", "http://host/x.csv", "s3://", "file://elsewhere/x.csv", "a\0b", "file:///a%00b"],
)
def test_a_place_that_cannot_be_read_is_refused(base, where):
    with pytest.raises(BadRequest, match="cannot be read"):
        find_files(where, base)


def test_a_path_for_days_needs_a_day_and_the_other_way_round(base):
    with pytest.raises(BadRequest, match="one place a day"):
        find_files("events/{day}/*.jsonl", base)
    with pytest.raises(BadRequest, match="no place for the day"):
        list_days("events/*", base)


def test_links_are_followed_but_never_in_a_circle(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.csv").write_text("1\n")
    (tmp_path / "data").symlink_to("real")
    (tmp_path / "real" / "up").symlink_to("..")
    assert names("data", tmp_path) == ["data/a.csv"]
    assert "data/a.csv" in names("**/*.csv", tmp_path)


def test_what_is_no_file_is_refused_and_not_passed_over(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "gone.csv").symlink_to("nowhere")
    with pytest.raises(RefusedData, match=r"gone\.csv is no file; got 'a link to nothing'"):
        find_files("x", tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "s"))
        with pytest.raises(RefusedData, match="neither a file nor a folder"):
            find_files("s", tmp_path)
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(BadRequest, match="leads nowhere"):
        find_files("circle", tmp_path)
    with pytest.raises(BadRequest, match="leads nowhere"):
        find_files("x" * 5000, tmp_path)


@pytest.mark.parametrize("name", [b"caf\xe9.csv", b"a\nb.csv"])
def test_a_name_that_cannot_be_written_down_is_refused(tmp_path, name):
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
        file.write(b"1\n")
    with pytest.raises(RefusedData, match=r"not plain text; got '.*(udce9|\\n)"):
        find_files(".", tmp_path)
