"""Bad rows are set aside with their reason and counted; bad files are refused in one clear
sentence, and nothing is written.
"""

from __future__ import annotations

import json

import pyarrow.dataset
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData, Unreachable
from tasks.core.store.store import local_path
from tasks.ingest.fetch import Limits, fetch_files, find_files
from tasks.ingest.parse.examine import inspect_files
from tasks.ingest.snapshot import snapshot
from tasks.ingest.sources import describe
from tests.ingest.conftest import NOW, snapshot_request

BAD = {
    "broken_encoding": [b"1\t2\xff\t4\t876000000"],
    "wrong_number_of_fields": [b"1\t2\t4", b"1\t2\t4\t876000000\t9"],
    "unparsable_timestamp": [b"1\t2\t4\tyesterday", b"1\t2\t4\t"],
    "before_epoch": [b"1\t2\t4\t-5", b"1\t2\t4\t12"],
    "in_future": [b"1\t2\t4\t876000000000"],
    "missing_id": [b"\t2\t4\t876000000", b"1\t \t4\t876000000"],
    "unparsable_rating": [
        b"1\t2\tfour\t876000000",
        b"1\t2\t\t876000000",
        b"1\t2\tNaN\t876000000",
        b"1\t2\t4d\t876000000",
        b"1\t2\tInfinity\t876000000",
        b"1\t2\t0x1p1\t876000000",
        b"1\t2\t1e999\t876000000",
    ],
    "out_of_range_rating": [b"1\t2\t6\t876000000", b"1\t2\t0\t876000000"],
    "unknown_item": [b"1\t999\t4\t876000000"],
}


def kinds(path):
    """What a store holds files of."""
    return {p.relative_to(path).parts[0] for p in path.rglob("*") if p.is_file()}


def test_every_kind_of_bad_row_is_counted_under_its_reason_with_its_place(
    take, source, world, tmp_path
):
    good = (source / "u.data").read_bytes().splitlines()
    again = good[0]
    user, item, _rating, second = good[1].split(b"\t")
    newer = b"\t".join((user, item, b"1", str(int(second) + 60).encode()))
    lines = (
        good + [line for bad in BAD.values() for line in bad] + [again, b"", newer, b"1\t2\t4\t95"]
    )
    (source / "u.data").write_bytes(b"\n".join(lines))  # and the last line lacks its end
    result, made = take()
    expected = {reason: len(bad) for reason, bad in BAD.items()}
    expected |= {"exact_duplicate": 1, "conflicting_duplicate": 1, "truncated_line": 1}
    assert result["reasons"] == expected
    assert result["kept"] == len(good) and result["rows_in"] == len(lines) - 1, (
        "a blank line is no row, and counts as a line"
    )
    assert result["rows_in"] == result["kept"] + result["quarantined"] + result["later"]
    folder = local_path(result["quarantine"])
    rows = pyarrow.dataset.dataset(str(folder / "rows"), partitioning="hive").to_table().to_pylist()
    assert len(rows) == sum(expected.values())
    for row in rows:
        assert (row["table"], row["file"]) == ("interactions", "u.data") and lines[
            row["line"] - 1
        ] == row["raw"]
        assert row["raw"] in BAD.get(row["reason"], [row["raw"]])
    assert {row["reason"]: row["raw"] for row in rows}["conflicting_duplicate"] == good[1], (
        "the newest row is the one kept"
    )
    assert json.loads((folder / "summary.json").read_text())["interactions"] == expected
    report = made.artefact.file("report.html").read_text()
    tab = '<span class="sign">\\t</span>'
    assert "out_of_range_rating" in report and tab.join(("1", "2", "6", "876000000")) in report


@pytest.mark.parametrize(
    "adaptive", (False, True), ids=("small", "large")
)  # a plan that adapts never runs what has no rows
def test_a_log_that_begins_after_the_day_is_refused_by_its_days(spark, tmp_path, adaptive):
    before = spark.conf.get("spark.sql.adaptive.enabled")
    spark.conf.set("spark.sql.adaptive.enabled", str(adaptive).lower())
    (tmp_path / "log.csv").write_text(
        "u,i,t\n" + "".join(f"u{n % 9},i{n % 7},{876_000_000 + n}\n" for n in range(60))
    )
    (tmp_path / "own.toml").write_text(
        '[interactions]\npath = "log.csv"\nuser = "u"\nitem = "i"\ntimestamp = "t"\n'
    )
    try:
        with pytest.raises(RefusedData, match="every row is of a day to come") as refused:
            snapshot(
                snapshot_request(
                    tmp_path, str(tmp_path / "own.toml"), format="own", day="1997-10-03"
                ),
                now=NOW,
            )
    finally:
        spark.conf.set("spark.sql.adaptive.enabled", before)
    assert "60 rows, the first of 1997-10-04" in str(
        refused.value
    ) and "the day asked for, 1997-10-03, or before it" in str(refused.value)


def test_bad_rows_of_the_catalogue_are_set_aside_and_their_interactions_with_them(
    take, source, world
):
    movies = (source / "u.item").read_bytes().splitlines()
    (source / "u.item").write_bytes(b"\n".join([movies[0] + b"|1", *movies[1:], movies[4]]) + b"\n")
    result, made = take(maximum_quarantined=0.2)
    assert made.item_ids == [str(i) for i in range(2, 61)]
    assert result["reasons"] == {"unknown_item": int((world.items == 0).sum())}
    assert made.artefact.facts["catalogue"]["items"]["reasons"] == {
        "wrong_number_of_fields": 1,
        "duplicate_id": 1,
    }


def test_too_many_bad_rows_refuse_the_batch_and_leave_nothing(spark, ask, source, tmp_path):
    lines = (source / "u.data").read_text().splitlines()
    (source / "u.data").write_text(
        "".join(
            line.replace("\t", ";") + "\n" if nth % 4 == 0 and nth else line + "\n"
            for nth, line in enumerate(lines)
        )
    )
    message = (
        r"of the interactions are bad \(2\d\.\d %\)\. u\.data line 5: "
        r"wrong_number_of_fields.*at most 5 %"
    )
    with pytest.raises(RefusedData, match=message):
        snapshot(ask(), now=NOW)
    assert kinds(tmp_path / "store") == {"refused"}


def test_ratings_of_the_wrong_magnitude_refuse_the_batch(spark, ask, source):
    lines = [line.split("\t") for line in (source / "u.data").read_text().splitlines()]
    (source / "u.data").write_text(
        "".join(f"{u}\t{i}\t{20 * int(r)}\t{t}\n" for u, i, r, t in lines)
    )
    with pytest.raises(RefusedData, match=r"100\.0 %.*out_of_range_rating"):
        snapshot(ask(), now=NOW)
    (source / "u.data").write_text("".join(f"{u}\t{i}\t{r}\t{t}000\n" for u, i, r, t in lines))
    with pytest.raises(RefusedData, match=r"100\.0 %.*in_future"):
        snapshot(ask(), now=NOW)


def test_a_batch_that_fails_its_suite_is_refused_with_what_was_seen_and_leaves_nothing(
    spark, ask, tmp_path
):
    suite = {
        "name": "mine",
        "expectations": [
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "users", "min_value": 5000},
                "meta": {"level": "fail", "about": "We have more users than this."},
            }
        ],
    }
    (tmp_path / "mine.json").write_text(json.dumps(suite))
    with pytest.raises(
        RefusedData, match=r"users is 120, expected at least 5000 .We have more users than this"
    ):
        snapshot(ask(expectations=str(tmp_path / "mine.json")), now=NOW)
    assert kinds(tmp_path / "store") == {"refused"}


def test_an_expectation_that_only_warns_goes_into_the_result(take, tmp_path):
    suite = {
        "expectations": [
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "users", "min_value": 5000},
                "meta": {"level": "warn", "about": ""},
            }
        ]
    }
    (tmp_path / "mine.json").write_text(json.dumps(suite))
    result, _ = take(expectations=str(tmp_path / "mine.json"))
    assert result["warnings"] == ["users is 120, expected at least 5000"]


@pytest.mark.parametrize(
    "text", ["{", '{"expectations": [{"type": "x", "kwargs": {"column": "users"}}]}']
)
def test_a_suite_that_is_none_is_refused_before_anything_starts(ask, tmp_path, text):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(BadRequest, match="not a suite"):
        snapshot(ask(expectations=str(tmp_path / "mine.json")))


def test_a_suite_about_an_unknown_figure_or_expectation_is_refused():
    from tasks.ingest.assess.batch import check

    one = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "moons"},
        "meta": {"level": "warn"},
    }
    with pytest.raises(BadRequest, match="no such figure; got 'moons'; expected one of users"):
        check({"users": 3}, {"expectations": [one]})
    with pytest.raises(BadRequest, match="does not understand"):
        check(
            {"users": 3},
            {"expectations": [one | {"type": "expect_the_moon", "kwargs": {"column": "users"}}]},
        )


@pytest.mark.parametrize(
    "damage, message",
    [
        (
            lambda folder: (folder / "u.item").unlink(),
            r"no file is at u\.item; got .*u\.data, u\.genre, u\.user",
        ),
        (lambda folder: (folder / "u.data").write_bytes(b""), r"u\.data is empty"),
        (
            lambda folder: (folder / "u.data").write_text("<html>\n<p>Not found</p>\n"),
            r"u\.data is not of the expected layout.*4 fields with a tab",
        ),
        (
            lambda folder: (folder / "u.data").write_text("1,2,4,876000000\n" * 5),
            r"not of the expected layout.*got '1,2,4,876000000'",
        ),
    ],
)
def test_a_folder_that_is_not_the_source_is_refused_before_spark_starts(
    source, ask, damage, message, monkeypatch
):
    monkeypatch.setattr(
        "tasks.ingest.snapshot.session",
        lambda *_: pytest.fail("Spark was started for a file that is no source"),
    )
    damage(source)
    with pytest.raises(RefusedData, match=message):
        snapshot(ask())


def test_a_header_without_a_column_is_refused(tmp_path):
    (tmp_path / "ratings.csv").write_text("userId,movieId,timestamp\n1,2,876000000\n")
    (tmp_path / "movies.csv").write_text('movieId,title,genres\n2,"A, B",Drama\n')
    ratings = describe("movielens-latest", str(tmp_path)).interactions
    with pytest.raises(
        RefusedData,
        match=r"ratings\.csv, line 1: the header lacks rating; got 'userId,movieId,timestamp'",
    ):
        inspect_files(
            ratings,
            fetch_files(
                find_files(ratings.path, tmp_path), "lines", tmp_path / "scratch", Limits()
            ),
            tmp_path / "copies",
        )


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"day": "1998-4-15"}, "not a day"),
        ({"day": "1998-02-30"}, "not a day"),
        ({"split": {"method": "random"}}, "split.method"),
        ({"format": "netflix"}, "format"),
        ({"split": {"test_share": 0.6, "validation_share": 0.5}}, "no user to train on"),
        ({"split": {"method": "temporal", "order": "file"}}, "follows the clock"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(ask, fields, message):
    with pytest.raises(BadRequest, match=message):
        ask(**fields)


def test_a_folder_that_is_not_there_is_refused(ask, tmp_path):
    with pytest.raises(BadRequest, match="no such folder"):
        snapshot(ask(location=str(tmp_path / "nowhere")))


def test_a_file_that_changes_after_its_digest_was_taken_ends_the_run_and_leaves_nothing(
    spark, ask, source, tmp_path, monkeypatch
):
    from tasks.ingest.parse import delivery

    def save_and_change(writer, folder, save=delivery.save):
        save(writer, folder)
        with (source / "u.data").open("a") as file:
            file.write("1\t2\t4\t876000000\n")

    monkeypatch.setattr(delivery, "save", save_and_change)
    with pytest.raises(Unreachable, match=r"u.data changed while it was read"):
        snapshot(ask(), now=NOW)
    assert kinds(tmp_path / "store") == set()
