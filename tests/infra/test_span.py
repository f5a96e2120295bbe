"""The first and the last day of a data set are told without Spark, or it is said why they cannot be."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path

import pytest

from infra.local import span
from infra.local.times import Untold

FIRST, LAST = "1997-09-20", "1998-04-22"
SECONDS = (874_724_710, 893_286_638)  # of these days, UTC


def described(folder: Path, **interactions) -> Path:
    place = folder / "shop.toml"
    place.write_text("[interactions]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in interactions.items()))
    return place


def told(format: str, place: Path) -> list[str]:
    return [day.isoformat() for day in span.days(format, place)]


def packed(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()))


ROWS = {
    "movielens-100k": ("u.data", "1\t2\t5\t{}\n"), "movielens-latest": ("ratings.csv", "1,2,4.5,{}\n"), "movielens-1m": ("ratings.dat", "1::2::5::{}\n"),
    "ordered-csv": ("ratings_with_order.csv", "1,2,5,0,{}\n")}
HEADS = {"movielens-latest": "userId,movieId,rating,timestamp\n", "ordered-csv": "user_id,item_id,rating,order_in_user,timestamp\n"}


@pytest.mark.parametrize("format", ROWS)
def test_the_days_of_a_known_layout_are_read_from_its_ratings(tmp_path, format):
    name, row = ROWS[format]
    (tmp_path / name).write_text(HEADS.get(format, "") + "".join(row.format(second) for second in (SECONDS[1], SECONDS[0], "", "x", -5, 9e12)))
    assert told(format, tmp_path) == [FIRST, LAST], "what is no time, or cannot be true, is passed over"


def test_the_copy_with_a_header_line_is_read_too(tmp_path):
    (tmp_path / "ml-100k.inter").write_text("user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + "".join(f"1\t2\t5\t{s}\n" for s in SECONDS))
    assert told("movielens-100k", tmp_path) == [FIRST, LAST]


def test_a_known_layout_without_times_or_without_its_file_is_told_apart(tmp_path):
    with pytest.raises(SystemExit, match="holds no rating.csv, as anime does"):
        span.days("anime", tmp_path)
    (tmp_path / "rating.csv").write_text("user_id,anime_id,rating\n1,2,-1\n")
    with pytest.raises(Untold, match="no times"):
        span.days("anime", tmp_path)


@pytest.mark.parametrize("pattern, made", [("events/{day}/*.jsonl.gz", "events/{}/part.jsonl.gz"), ("events/{day}", "events/{}/part.parquet"),
                                           ("{day}.csv", "{}.csv"), ("shops/*/of-{day}.parquet", "shops/1999-01-01 east/of-{}.parquet")])
def test_a_growing_source_has_its_days_in_its_names_and_nothing_is_read(tmp_path, pattern, made):
    for day in (LAST, "1998-01-05", FIRST, "unknown"):
        path = tmp_path / made.format(day)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not read")
    assert told("own", described(tmp_path, path=pattern, timestamp="ts")) == [FIRST, LAST]


CLOCKS = {"seconds": SECONDS, "milliseconds": [1000 * s for s in SECONDS],
          "iso8601": [datetime.datetime.fromtimestamp(s, datetime.timezone.utc).isoformat() for s in SECONDS]}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.csv", "log.csv.gz", "log.tsv"])
def test_a_static_file_is_read_as_its_description_says(tmp_path, name, clock):
    times = CLOCKS[clock]
    if "jsonl" in name:
        text = "".join(json.dumps(row) + "\n" for row in ([7], {"ts": None}, *({"uid": "ä", "ts": time} for time in times))) + "{broken\n"
    else:
        between = "\t" if "tsv" in name else ","
        text = "\ufeff" + between.join(("uid", "ts")) + "\n" + "".join(between.join(("ä", str(time))) + "\n" for time in times) + "short\n"
    packed(tmp_path / name, text) if name.endswith(".gz") else (tmp_path / name).write_text(text)
    assert told("own", described(tmp_path, path=name, timestamp="ts", clock=clock)) == [FIRST, LAST]


def test_a_folder_or_a_glob_is_read_file_by_file_and_columns_stand_for_a_header(tmp_path):
    for nth, second in enumerate(SECONDS):
        (tmp_path / "log").mkdir(exist_ok=True)
        (tmp_path / "log" / f"{nth}.csv").write_text(f"1;2;{second}\n")
    (tmp_path / "log" / "_SUCCESS").write_text("")
    for path in ("log", "log/*.csv", str(tmp_path / "log" / "?.csv")):
        assert told("own", described(tmp_path, path=path, timestamp="at", delimiter=";", columns=["u", "i", "at"])) == [FIRST, LAST]


@pytest.mark.parametrize("name", ["log.parquet", "log.csv.zst", "log.zip"])
def test_what_only_spark_can_read_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"PAR1")
    with pytest.raises(Untold, match=f"{name} is neither csv nor jsonl"):
        span.days("own", described(tmp_path, path=name, timestamp="ts"))


@pytest.mark.parametrize("fields, why", [({"path": "s3://bucket/log.csv", "timestamp": "ts"}, "not on this machine"), ({"path": "log.csv"}, "no times"),
                                         ({"path": "log.csv", "timestamp": "when"}, "no field 'when' but uid, ts"),
                                         ({"path": "log.csv", "timestamp": "uid"}, "can be read as seconds"),
                                         ({"path": "cut.csv.gz", "timestamp": "ts"}, "cut.csv.gz cannot be read")])
def test_a_source_whose_days_cannot_be_told_says_why(tmp_path, fields, why):
    (tmp_path / "log.csv").write_text(f"uid,ts\nu,{SECONDS[0]}\n")
    packed(tmp_path / "whole.gz", "uid,ts\n" + "u,874724710\n" * 5000)
    (tmp_path / "cut.csv.gz").write_bytes((tmp_path / "whole.gz").read_bytes()[:40])
    with pytest.raises(Untold, match=why):
        span.days("own", described(tmp_path, **fields))


@pytest.mark.parametrize("text", ["[interactions\n", "[items]\npath = 'x.csv'\n", "interactions = 5\n", "[interactions]\npath = 'x.csv'\ncolumns = 5\n"])
def test_a_file_that_describes_nothing_is_refused(tmp_path, text):
    (tmp_path / "shop.toml").write_text(text)
    with pytest.raises(SystemExit, match="shop.toml does not describe a data set"):
        span.days("own", tmp_path / "shop.toml")


@pytest.mark.parametrize("path, told", [("nowhere.csv", "no file at"), ("events/{day}/x.csv", "with a day")])
def test_files_that_are_not_there_are_named(tmp_path, path, told):
    with pytest.raises(SystemExit, match=told):
        span.days("own", described(tmp_path, path=path, timestamp="ts"))


def test_the_formats_are_those_of_ingestion():
    from tasks.ingest.settings import FORMATS

    assert set(span.FORMATS) == set(FORMATS)
