"""Parquet: only the named columns are read, whatever their type, names, codec and place."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tests.ingest.reading import LOG, by_file, kept, looked_at, reasons, rows_of

T = 1_600_000_000
MS = T * 1000
WANTED = [("u1", "a", MS), ("u2", "b", MS + 1000), ("u3", "c", MS + 2000)]
ITEMS = (
    '[interactions]\npath = "e.csv"\nuser = "u"\nitem = "i"\n[items]\npath = '
    '"e.parquet"\nid = "id"\ntitle = "t"\ngenres = "g"\n'
)


def table(**columns) -> pa.Table:
    return pa.table(
        {"user": ["u1", "u2", "u3"], "item": ["a", "b", "c"], "ts": [T, T + 1, T + 2]} | columns
    )


def read(
    spark, folder, made: pa.Table, toml: str = LOG + 'path = "e.parquet"', **writing
) -> list[dict]:
    pq.write_table(made, folder / "e.parquet", **writing)
    return rows_of(spark, folder, toml)


TIMES = {
    "ns": (pa.array([T * 10**9 + 5], pa.timestamp("ns")), MS),
    "us with zone": (pa.array([T * 10**6 + 999], pa.timestamp("us", "Europe/Berlin")), MS),
    "ms": (pa.array([MS + 7], pa.timestamp("ms", "+02:00")), MS + 7),
    "s": (pa.array([T], pa.timestamp("s")), MS),
    "date": (pa.array([datetime.date(2020, 9, 13)]), 1_599_955_200_000),
    "date64": (pa.array([datetime.date(2020, 9, 13)], pa.date64()), 1_599_955_200_000),
    "double": (pa.array([T + 0.5]), MS + 500),
    "double of ms": (pa.array([float(MS)]), MS),
    "decimal": (pa.array([decimal.Decimal(T)], pa.decimal128(20, 3)), MS),
    "text": (pa.array(["2020-09-13T12:26:40Z"]), MS),
    "text without seconds": (pa.array(["2020-09-13T12:26Z"]), MS - 40_000),
    "dictionary": (pa.array(["2020-09-13"]).dictionary_encode(), 1_599_955_200_000),
    "unsigned": (pa.array([T * 10**6], pa.uint64()), MS),
    "bytes": (pa.array([str(T).encode()]), MS),
    "before 1970": (pa.array([-1500], pa.timestamp("us")), None),
    "far": (pa.array([10**15], pa.timestamp("s")), None),
    "null": (pa.nulls(1), None),
}


def test_times_of_every_type(spark, tmp_path):
    for nth, (written, _) in enumerate(TIMES.values()):
        pq.write_table(
            table().slice(0, 1).set_column(2, "ts", written), tmp_path / f"{nth:02}.parquet"
        )
    rows = rows_of(spark, tmp_path, LOG + 'path = "*.parquet"')
    read = [row["ms"] if row["verdict"] is None else None for row in rows]
    assert dict(zip(TIMES, read, strict=True)) == {
        kind: wanted for kind, (_, wanted) in TIMES.items()
    }


@pytest.mark.parametrize(
    "type",
    [
        pa.time64("us"),
        pa.duration("s"),
        pa.bool_(),
        pa.struct([("t", pa.int64())]),
        pa.list_(pa.int64()),
    ],
)
def test_a_type_that_is_no_time_is_refused_in_a_sentence(tmp_path, type):
    pq.write_table(table().set_column(2, "ts", pa.nulls(3, type)), tmp_path / "e.parquet")
    with pytest.raises(RefusedData, match=r"the column ts holds .*; expected .*; remedy: name"):
        looked_at(tmp_path, LOG + 'path = "e.parquet"')


def test_columns_that_nobody_named_do_not_exist(spark, tmp_path):
    unused = {
        "tags": pa.array([["x"], [], None]),
        "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "ns": pa.array([1] * 3, pa.timestamp("ns")),
        "time": pa.array([1] * 3, pa.time64("ns")),
        "duration": pa.array([1] * 3, pa.duration("s")),
        "half": pa.array(np.ones(3, np.float16)),
        "null": pa.nulls(3),
        "User": pa.array(["x"] * 3),
        "__index_level_0__": pa.array([0, 1, 2]),
        "user.id": pa.array([1, 2, 3]),
    }
    assert kept(read(spark, tmp_path, table(**unused)), "user", "item", "ms") == WANTED


@pytest.mark.parametrize(
    "names",
    [
        ("a.b", "c..d", ".e"),
        (" user", "item id ", "t s"),
        ('u"x', "i'y", "t`z"),
        ("ユーザー", "предмет", "zeitä"),
        ("%s", "{x}", "$y"),
        ("raw", "fault", "file"),
        ("item", "user", "id"),
        ("ID", "id", "Id"),
    ],
)
def test_columns_of_any_name(spark, tmp_path, names):
    import json

    user, item, time = (json.dumps(name, ensure_ascii=False) for name in names)
    rows = read(
        spark,
        tmp_path,
        table().rename_columns(names),
        f'[interactions]\npath = "e.parquet"\nuser = {user}\nitem = {item}\ntimestamp = {time}\n',
    )
    assert kept(rows, "user", "item", "ms") == WANTED


def test_a_field_in_a_struct_and_a_struct_that_is_missing(spark, tmp_path):
    made = pa.table(
        {
            "user": pa.array([{"id": 1}, {"id": 2}, None]),
            "item": pa.array([{"a": {"sku": "x"}}, {"a": None}, {"a": {"sku": "z"}}]),
            "ts": [T] * 3,
        }
    )
    toml = (
        LOG.replace('"user"', '"user.id"').replace('"item"', '"item.a.sku"') + 'path = "e.parquet"'
    )
    rows = read(spark, tmp_path, made, toml)
    assert kept(rows, "user", "item") == [("1", "x")] and reasons(rows) == ["missing_id"] * 2
    for field, message in (
        ("user.uid", "got 'columns user, user.id, "),
        ("user", "remedy: name a field in it, as in user.id"),
    ):
        with pytest.raises(RefusedData, match=message):
            looked_at(tmp_path, toml.replace('"user.id"', f'"{field}"'))


def test_however_it_is_written(spark, tmp_path):
    writings = [
        *({"compression": codec} for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd")),
        {"row_group_size": 1, "write_page_index": True, "write_page_checksum": True},
        {
            "data_page_version": "2.0",
            "use_dictionary": False,
            "column_encoding": {
                "user": "DELTA_BYTE_ARRAY",
                "item": "DELTA_LENGTH_BYTE_ARRAY",
                "ts": "DELTA_BINARY_PACKED",
            },
        },
    ]
    for nth, writing in enumerate(writings):
        pq.write_table(table(), tmp_path / f"{nth}.parquet", **writing)
    parts = by_file(rows_of(spark, tmp_path, LOG + 'path = "*.parquet"'))
    assert [kept(part, "user", "item", "ms") for part in parts] == [WANTED] * len(writings)


def test_parts_of_different_types_hold_the_same_ids(spark, tmp_path):
    (tmp_path / "in").mkdir()
    one, two = pa.array([1, 2, 3]), pa.array([1.0, 2.0, None])
    for n, users in enumerate(
        [
            one,
            two,
            pa.array(["1", "2", "x"]),
            pa.array([decimal.Decimal("1.00")] * 3),
            pa.nulls(3),
            one.dictionary_encode(),
            one.cast(pa.int8()),
        ]
    ):
        pq.write_table(table(user=users), tmp_path / "in" / f"{n}.parquet")
    pq.write_table(table().slice(0, 0), tmp_path / "in" / "empty.parquet")
    rows = rows_of(spark, tmp_path, LOG + 'path = "in"\nformat = "parquet"')
    assert {row[0] for row in kept(rows, "user")} == {"1", "2", "3", "x"} and reasons(rows) == [
        "missing_id"
    ] * 4


def test_a_part_that_lacks_a_column_is_named(tmp_path):
    (tmp_path / "in").mkdir()
    pq.write_table(table(), tmp_path / "in" / "a.parquet")
    pq.write_table(table().drop_columns(["ts"]), tmp_path / "in" / "b.parquet")
    with pytest.raises(
        RefusedData, match=r"in/b.parquet lacks the column ts; got 'columns user, item'"
    ):
        looked_at(tmp_path, LOG + 'path = "in"\nformat = "parquet"')


@pytest.mark.parametrize(
    "made, message",
    [
        (
            pa.table([["a"], ["b"], ["c"], [T]], names=["user", "user", "item", "ts"]),
            "the column user more than once",
        ),
        (pa.table({}), "lacks the column user; got 'no column'"),
        (table().rename_columns(["USER", "item", "ts"]), "remedy: write 'USER' in the TOML file"),
        (table().slice(0, 0), "e.parquet holds no rows"),
    ],
)
def test_what_is_refused(tmp_path, made, message):
    pq.write_table(made, tmp_path / "e.parquet")
    with pytest.raises(RefusedData, match=message):
        looked_at(tmp_path, LOG + 'path = "e.parquet"')


def test_a_page_that_is_damaged_makes_no_phantom(tmp_path):
    pq.write_table(table(), tmp_path / "e.parquet", compression="none", write_page_checksum=True)
    data = (tmp_path / "e.parquet").read_bytes()
    (tmp_path / "e.parquet").write_bytes(data.replace(b"u1", b"v1", 1))
    with pytest.raises(
        RefusedData, match=r"e.parquet cannot be read as Parquet .*CRC.*deliver the file again"
    ):
        looked_at(tmp_path, LOG + 'path = "e.parquet"')


def test_a_footer_that_counts_other_rows_than_the_pages_hold_is_damage(tmp_path):
    """Of 40 rows it says 32, for the whole file and for its one group of rows: the accounts could
    not close.
    """
    pq.write_table(
        pa.table({"user": ["u"] * 40, "item": [f"i{n}" for n in range(40)], "ts": [T] * 40}),
        tmp_path / "e.parquet",
    )
    data, forty, thirty_two, refused = (
        (tmp_path / "e.parquet").read_bytes(),
        b"\x16\x50",
        b"\x16\x40",
        0,
    )
    at = data.find(forty)
    while at >= 0:
        (tmp_path / "e.parquet").write_bytes(data[:at] + thirty_two + data[at + 2 :])
        try:
            examined, _, _ = looked_at(tmp_path, LOG + 'path = "e.parquet"')
            assert (
                examined.local_files[0].rows
                == pq.read_metadata(examined.local_files[0].path).num_rows
            )
        except RefusedData as refusal:
            refused += "its footer counts 32 rows, and its pages hold 40" in str(refusal)
        at = data.find(forty, at + 1)
    assert refused


def test_encryption_is_told(tmp_path):
    pq.write_table(table(), tmp_path / "e.parquet")
    data = (tmp_path / "e.parquet").read_bytes()
    for damaged in (data[:-4] + b"PARE", b"PARE" + data[4:-4] + b"PARE"):
        (tmp_path / "e.parquet").write_bytes(damaged)
        with pytest.raises(RefusedData, match="encrypt"):
            looked_at(tmp_path, LOG + 'path = "e.parquet"')


CATALOGUES = [
    (pa.array([b"Tea"]), pa.array([[b"x", b"y"]]), ("Tea", ["x", "y"])),
    (
        pa.array(["Tea"]),
        pa.array([[("Drama", 1)]], pa.map_(pa.string(), pa.int64())),
        ("Tea", ["Drama"]),
    ),
    (pa.array([1.5]), pa.array([[{"id": 1, "name": "Drama"}]]), ("1.5", ["Drama"])),
    (pa.nulls(1), pa.array([[None, "x"]]), ("", ["x"])),
    (pa.array(["Tea"]), pa.array([[None]], pa.list_(pa.string())), ("Tea", [])),
    (
        pa.array(["Tea"]).dictionary_encode(),
        pa.array(["a|b"]).dictionary_encode(),
        ("Tea", ["a", "b"]),
    ),
    (pa.array([True]), pa.array([[decimal.Decimal("5")]]), ("true", ["5"])),
]


def test_a_catalogue_of_any_type(spark, tmp_path):
    (tmp_path / "e.csv").write_text("u,i\nann,1\n")
    for nth, (titles, genres, _) in enumerate(CATALOGUES):
        pq.write_table(
            pa.table({"id": [float(nth)], "t": titles, "g": genres}), tmp_path / f"{nth}.parquet"
        )
    rows = rows_of(spark, tmp_path, ITEMS.replace("e.parquet", "*.parquet"), "items")
    assert [
        (id, title, list(kinds)) for id, title, kinds in kept(rows, "id", "title", "genres")
    ] == [(str(nth), *wanted) for nth, (_, _, wanted) in enumerate(CATALOGUES)]


@pytest.mark.parametrize(
    "setting, message",
    [
        ('attributes = ["Age", "age"]', "differ in case alone"),
        ('attributes = ["a`b"]', "names with a backtick"),
        ('attributes = ["Fault"]', "names that are taken"),
    ],
)
def test_attributes_that_cannot_be_held_are_refused(tmp_path, setting, message):
    toml = (
        f'[interactions]\npath = "e.csv"\nuser = "u"\nitem = "i"\n[users]\npath = '
        f'"u.csv"\nid = "id"\n{setting}\n'
    )
    with pytest.raises(BadRequest, match=message):
        looked_at(tmp_path, toml)


def test_an_empty_name_is_refused(tmp_path):
    with pytest.raises(BadRequest, match=r"interactions.user: is empty"):
        looked_at(tmp_path, LOG.replace('"user"', '""') + 'path = "e.parquet"')
