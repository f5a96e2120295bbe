"""The local stack asks ingestion what a source holds: its days, how it is understood, or why it
would be refused.
"""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path

import pytest

from infra.local import source_preview
from infra.local.source_preview import DaysUnknown, Span

FIRST, LAST = "1997-09-20", "1998-04-22"
SECONDS = (874_724_710, 893_286_638)  # of these days, UTC


def described(folder: Path, **interactions) -> Path:
    place = folder / "shop.toml"
    place.write_text(
        "[interactions]\n"
        + "".join(
            f"{name} = {json.dumps(value)}\n"
            for name, value in ({"user": "uid", "item": "sku"} | interactions).items()
        )
    )
    return place


def log_file(path: Path) -> None:
    path.write_text(
        "uid,sku,ts\n" + "".join(f"u,i{n},{second}\n" for n, second in enumerate(SECONDS))
    )


def test_the_days_of_a_file_are_those_of_its_rows_and_guesses_are_told(tmp_path, capfd):
    log_file(tmp_path / "log.csv")
    assert source_preview.days(
        "own", described(tmp_path, path="log.csv", timestamp="ts", clock="milliseconds")
    ) == Span(FIRST, LAST, daily=False)
    assert "clock is 'milliseconds', but the times are written in seconds" in capfd.readouterr().err


def test_a_known_layout_is_read_too(tmp_path):
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n"
        + "".join(f"1,{n},4.5,{second}\n" for n, second in enumerate(SECONDS))
    )
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n0,A,War\n1,B,War\n")
    assert source_preview.days("movielens-latest", tmp_path) == Span(FIRST, LAST, daily=False)


def test_a_growing_source_has_its_days_in_its_names_even_where_the_newest_cannot_be_read(
    tmp_path, capfd
):
    for day in ("19980422", "19970920", "unknown"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "part.jsonl.gz").write_bytes(gzip.compress(b"no json\n"))
    assert source_preview.days(
        "own", described(tmp_path, path="{day}/*.jsonl.gz", timestamp="ts")
    ) == Span(FIRST, LAST, daily=True)
    assert (
        "interactions would be refused: 19980422/part.jsonl.gz is not of the expected layout"
        in capfd.readouterr().err
    )


def test_data_grows_where_it_comes_day_by_day_or_is_recent():
    today = datetime.datetime.now(datetime.UTC).date()
    days = [(today - datetime.timedelta(days=ago)).isoformat() for ago in (1, 30)]
    assert Span(FIRST, days[0], daily=False).grows and Span(FIRST, LAST, daily=True).grows
    assert not Span(FIRST, days[1], daily=False).grows


def test_a_source_without_times_and_one_that_is_not_there_say_so(tmp_path):
    log_file(tmp_path / "log.csv")
    with pytest.raises(DaysUnknown, match="no times"):
        source_preview.days("own", described(tmp_path, path="log.csv"))
    with pytest.raises(SystemExit, match=r"no file is at nowhere.csv"):
        source_preview.days("own", described(tmp_path, path="nowhere.csv", timestamp="ts"))
    (tmp_path / "shop.toml").write_text("[interactions\n")
    with pytest.raises(SystemExit, match=r"shop.toml is no TOML file"):
        source_preview.days("own", tmp_path / "shop.toml")


def test_make_look_shows_rows_as_they_were_understood_and_a_description_to_start_from(
    tmp_path, monkeypatch
):
    (tmp_path / "clicks.jsonl").write_text(
        "".join(
            json.dumps({"user": {"id": n}, "item": f"a{n}\u202e", "ts": second * 1000}) + "\n"
            for n, second in enumerate(SECONDS)
        )
    )
    monkeypatch.setenv("SOURCE", str(tmp_path / "clicks.jsonl"))
    shown = source_preview.show()
    assert (
        "JSON lines" in shown
        and "times milliseconds" in shown
        and "1997-09-20 03:05:10" in shown
        and f"from {FIRST} to {LAST}" in shown
    )
    assert 'user = "user.id"' in shown and "a0\\u202e" in shown, (
        "nothing that steers a terminal is printed"
    )
    (tmp_path / "shop.toml").write_text(shown[shown.index("[interactions]") :])
    monkeypatch.setenv("SOURCE", str(tmp_path / "shop.toml"))
    assert (
        f"from {FIRST} to {LAST}" in source_preview.show()
        and "to start from" not in source_preview.show()
    )


def test_the_formats_are_those_of_ingestion():
    from tasks.ingest.formats import FORMATS

    assert set(source_preview.FORMATS) == set(FORMATS)
    sources = Path(__file__).resolve().parents[2] / "tasks" / "ingest" / "sources"
    assert all((sources / f"{name.replace('-', '_')}.py").is_file() for name in FORMATS)
