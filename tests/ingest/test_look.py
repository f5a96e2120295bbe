"""`look` shows what would be read before anything is written: how each file is understood, three
rows, the days; it writes a TOML to start from.
"""

from __future__ import annotations

import gzip
import json
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import parse
from tasks.ingest.look import look
from tasks.ingest.settings import LookRequest
from tests.ingest.reading import LOG

T = 1_600_000_000


def seen(location, **fields) -> dict:
    return look(parse(LookRequest, {"location": str(location), "format": "own"} | fields))


def described(folder, toml: str) -> dict:
    (folder / "shop.toml").write_text(toml)
    return seen(folder / "shop.toml")


FILES = {
    "e.csv": "user,item,ts\n" + "".join(f"u{n},a,{T + n}\n" for n in range(4)),
    "blanks.csv": "user, item, ts\n" + "".join(f'"u{n}", "a, b", "{T + n}"\n' for n in range(4)),
    "cr.csv": "user,item,ts\r" + "".join(f"u{n},a,{T + n}\r" for n in range(4)),
    "e.jsonl": "".join(
        json.dumps({"user": f"u{n}", "item": "a", "ts": T + n}) + "\n" for n in range(4)
    ),
    "cr.jsonl": "".join(
        json.dumps({"user": f"u{n}", "item": "a", "ts": T + n}) + "\r" for n in range(4)
    ),
    "array.json": json.dumps([{"user": f"u{n}", "item": "a", "ts": T + n} for n in range(4)]),
    "iso.csv": "user,item,ts\n" + "".join(f"u{n},a,2020-09-13T12:26:4{n}Z\n" for n in range(4)),
}


@pytest.mark.parametrize("name", FILES)
def test_the_first_rows_and_the_days(tmp_path, name):
    (tmp_path / name).write_text(FILES[name], newline="")
    found = described(tmp_path, LOG + f'path = "{name}"\n')
    (file,) = found["tables"]["interactions"]["understood"]
    assert (found["first_day"], found["last_day"], found["toml"]) == (
        "2020-09-13",
        "2020-09-13",
        None,
    )
    assert [row["user"] for row in file["rows"]] == ["u0", "u1", "u2"] and file["rows"][0][
        "timestamp"
    ] == "2020-09-13 12:26:40"


def test_what_cannot_be_read_is_told_beside_what_can(tmp_path):
    (tmp_path / "e.csv").write_text(FILES["e.csv"])
    (tmp_path / "i.csv").write_text("name\nTea\n")
    found = described(tmp_path, LOG + 'path = "e.csv"\n[items]\npath = "i.csv"\nid = "id"\n')[
        "tables"
    ]
    assert (
        found["interactions"]["lines"] == 5 and "the header lacks id" in found["items"]["refused"]
    )


def test_days_that_are_there(tmp_path):
    for day in ("20200913", "20200914"):
        (tmp_path / "in" / day).mkdir(parents=True)
        (tmp_path / "in" / day / "e.csv").write_text(FILES["e.csv"])
    found = described(tmp_path, LOG + 'path = "in/{day}/*.csv"\n')
    assert (
        found["first_day"],
        found["last_day"],
        found["tables"]["interactions"]["looked_at"],
    ) == ("2020-09-13", "2020-09-14", "2020-09-14")
    (
        (tmp_path / "in" / "20200914").rename(tmp_path / "in" / "14-09-2020"),
        (tmp_path / "in" / "20200913").rename(tmp_path / "in" / "13-09-2020"),
    )
    assert (
        "'13-09-2020, 14-09-2020 where {day} stands'"
        in described(tmp_path, LOG + 'path = "in/{day}/*.csv"\n')["tables"]["interactions"][
            "refused"
        ]
    )


def test_an_inferred_unit_and_a_wrong_setting_are_told(tmp_path):
    (tmp_path / "e.csv").write_text("user,item,ts\n" + f"u,a,{T}000\n" * 3)
    (file,) = described(tmp_path, LOG + 'path = "e.csv"\nclock = "seconds"\n')["tables"][
        "interactions"
    ]["understood"]
    assert (
        file["clock"] == "milliseconds"
        and "clock is 'seconds', but the times are written in milliseconds" in file["notes"][0]
    )


GUESSED = {
    "log.csv": (
        "visitorid,itemid,timestamp\n" + f"7,9,{T}\n" * 3,
        {"user": "visitorid", "item": "itemid", "timestamp": "timestamp"},
    ),
    "log.tsv": (
        "u1\ti1\t1600000000\nu2\ti2\t1600000001\n",
        {"user": "user", "item": "item", "timestamp": "timestamp"},
    ),
    "rated.csv": (
        "userId;movieId;rating;timestamp\n" + f"1;2;4.5;{T}\n" * 3,
        {"user": "userId", "item": "movieId", "rating": "rating", "delimiter": ";"},
    ),
    "nested.jsonl": (
        json.dumps({"user": {"id": 1}, "item": {"sku": "a"}, "ts": T}) + "\n",
        {"user": "user.id", "item": "item.sku", "timestamp": "ts"},
    ),
    "array.json": (
        json.dumps([{"user_id": 1, "product_id": 2, "event_time": "2020-09-13"}], indent=1),
        {"user": "user_id", "item": "product_id", "timestamp": "event_time"},
    ),
}


@pytest.mark.parametrize("name", GUESSED)
def test_a_description_to_start_from(tmp_path, name):
    text, wanted = GUESSED[name]
    (tmp_path / name).write_text(text)
    found = seen(tmp_path / name)
    assert (
        wanted.items() <= tomllib.loads(found["toml"])["interactions"].items()
        and "refused" not in found["tables"]["interactions"]
    )


def test_a_description_of_packed_files_and_parquet(tmp_path):
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(GUESSED["log.csv"][0].encode()))
    assert (
        tomllib.loads(seen(tmp_path / "log.csv.gz")["toml"])["interactions"]["user"] == "visitorid"
    )
    pq.write_table(
        pa.table(
            {
                "customer_id": [1],
                "sku": ["a"],
                "ts": pa.array([T], pa.timestamp("s")),
                "tags": [["x"]],
            }
        ),
        tmp_path / "e.parquet",
    )
    assert (
        tomllib.loads(seen(tmp_path / "e.parquet")["toml"])["interactions"].items()
        >= {"user": "customer_id", "item": "sku", "timestamp": "ts"}.items()
    )


def test_nothing_that_could_be_an_id_is_told(tmp_path):
    (tmp_path / "e.csv").write_text("colour,size\nred,1\nblue,2\n")
    with pytest.raises(
        BadRequest,
        match=r"no column looks like the id of the user and the item|no column looks like the "
        "id of the user or the item",
    ):
        seen(tmp_path / "e.csv")
