"""A past day that cannot be read is left out by name, the days after it run, and it is read again
once its files are repaired.
"""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.conftest import make_snapshot, snapshot_request
from tests.ingest.reading import LOG

FIRST = 1_600_387_200  # 2020-09-18T00:00:00Z
DAYS = [f"2020-09-{day}" for day in range(18, 31)]
HEADER = "user,item,ts\n"


def rows(day: int) -> str:
    return "".join(
        f"u{n},i{(n + m) % 7},{FIRST + 86_400 * day + 60 * n + m}\n"
        for n in range(4)
        for m in range(4)
    )


@pytest.fixture
def shop(tmp_path):
    """Three days of events, `events/{day}/…`."""
    (tmp_path / "shop.toml").write_text(LOG + 'path = "events/{day}/*"\nformat = "csv"\n')
    for day in range(3):
        deliver(tmp_path, day, (HEADER + rows(day)).encode())
    return tmp_path


def deliver(folder, day: int, data: bytes, name: str = "a.csv") -> None:
    place = folder / "events" / DAYS[day]
    place.mkdir(parents=True, exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    (place / name).write_bytes(data)


def take(shop, day: int = 2):
    return make_snapshot(
        snapshot_request(
            shop,
            shop / "shop.toml",
            format="own",
            day=DAYS[day],
            split={"test": 1, "validation": 0},
            maximum_quarantined=0.5,
        )
    )[0]


def left_out(result) -> list[str]:
    return [warning for warning in result["warnings"] if "is left out" in warning]


DAMAGE = {
    "no header": (b"x,y\n1,2\n", "a.csv", "the header lacks user, item, ts"),
    "cut gzip": (gzip.compress((HEADER + rows(1)).encode())[:-20], "a.csv.gz", "is cut short"),
    "no zip": (b"PK\x03\x04junk", "a.zip", "is cut short"),
    "nothing": (b"", "a.csv", "is empty"),
    "a header alone": (HEADER.encode(), "a.csv", "holds its header and nothing else"),
    "UTF-16": ((HEADER + rows(1)).encode("utf-16"), "a.csv", "is not text in UTF-8"),
    "other dates": (
        b"user,item,ts\nu,a,13/09/2020\n",
        "a.csv",
        "dates of a format that is not read",
    ),
    "a renamed column": (
        (HEADER.replace("user", "uid") + rows(1)).encode(),
        "a.csv",
        "the header lacks user",
    ),
}


def test_damaged_days_are_left_out_by_name(spark, shop):
    for day, (data, name, _) in enumerate(DAMAGE.values(), 2):
        deliver(shop, day, data, name)
    newest = 2 + len(DAMAGE)
    deliver(shop, newest, (HEADER + rows(newest)).encode())
    result = take(shop, newest)
    for day, warning, (_, _, message) in zip(
        DAYS[2:], left_out(result), DAMAGE.values(), strict=False
    ):
        assert warning.startswith(f"{day} is left out (interactions): ") and message in warning
    assert len(left_out(result)) == len(DAMAGE) and result["rows_in"] == 48


def test_it_is_read_again_once_it_is_repaired(spark, shop):
    deliver(shop, 1, b"x,y\n")
    assert left_out(take(shop)) and left_out(take(shop)), "the same every time"
    deliver(shop, 1, (HEADER + rows(1)).encode())
    result = take(shop)
    assert not left_out(result) and result["rows_in"] == 48


def test_today_is_refused(spark, shop):
    deliver(shop, 2, b"x,y\n1,2\n")
    with pytest.raises(
        RefusedData, match=r"events/2020-09-20/a.csv, line 1: the header lacks user"
    ):
        take(shop)
    assert take(shop, 1)["rows_in"] == 32


@pytest.mark.parametrize(
    "format, damages", [("parquet", ("a page", "the end", "a column")), ("jsonl", ("the end",))]
)
def test_days_of_parquet_and_json(spark, shop, format, damages):
    (shop / "shop.toml").write_text(LOG + f'path = "events/{{day}}/*"\nformat = "{format}"\n')
    newest = 2 + len(damages)
    for day in range(newest + 1):
        made = [
            dict(zip(("user", "item", "ts"), (user, item, int(time)), strict=True))
            for user, item, time in (line.split(",") for line in rows(day).splitlines())
        ]
        deliver(shop, day, json.dumps(made).encode())
        if format == "parquet":
            pq.write_table(
                pa.Table.from_pylist(made),
                shop / "events" / DAYS[day] / "a.csv",
                compression="none",
                write_page_checksum=True,
            )
    for day, damage in enumerate(damages, 2):
        path = shop / "events" / DAYS[day] / "a.csv"
        data = path.read_bytes()
        if damage == "a column":
            pq.write_table(pq.read_table(path).rename_columns(["uid", "item", "ts"]), path)
        else:
            path.write_bytes(
                data.replace(b"u1", b"\xff\xff", 1) if damage == "a page" else data[:-9]
            )
    result = take(shop, newest)
    assert result["rows_in"] == 48
    assert len(left_out(result)) == len(damages)
    for day, warning in zip(DAYS[2:newest], left_out(result), strict=True):
        assert warning.startswith(f"{day} is left out (interactions): events/{day}/a.csv")


def test_a_damaged_day_of_the_catalogue_or_of_users_is_left_out_as_well(spark, shop):
    (shop / "items").mkdir(), (shop / "users").mkdir()
    (shop / "items" / "20200918.csv").write_text(
        "id,t\n" + "".join(f"i{n},T{n}\n" for n in range(7))
    )
    (shop / "items" / "20200919.csv").write_text("bad\n")
    (shop / "users" / "2020-09-18.csv").write_text(
        "id,age\n" + "".join(f"u{n},{n}\n" for n in range(4))
    )
    (shop / "users" / "2020-09-19.csv").write_bytes(b"\x1f\x8bjunk")
    with (shop / "shop.toml").open("a") as toml:
        toml.write(
            '[items]\npath = "items/{day}.csv"\nid = "id"\ntitle = "t"\n[users]\npath = '
            '"users/{day}.csv"\nid = "id"\nattributes = ["age"]\n'
        )
    result = take(shop)
    assert result["rows_in"] == 48 and [
        warning.partition(":")[0] for warning in left_out(result)
    ] == ["2020-09-19 is left out (items)", "2020-09-19 is left out (users)"]
