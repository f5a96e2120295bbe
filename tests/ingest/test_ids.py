"""Ids come out as they went in, whatever type and format holds them; numbers are spelled as whole
numbers.
"""

from __future__ import annotations

import decimal
import json
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.reading import LOG, by_file, kept, looked_at, reasons, rows_of

T = 1_600_000_000
UUIDS = [uuid.UUID(int=2**120 + n) for n in range(2)]
LONG = ["x" * 500, "ü" * 250]
# Written, and what the id is; None where the row is at fault.
TYPES = {
    "int8": (pa.array([1, -2], pa.int8()), ["1", "-2"]),
    "uint64": (pa.array([2**64 - 1, 0], pa.uint64()), ["18446744073709551615", "0"]),
    "double": (
        pa.array([12345678.0, 0.1, float("nan"), 2.0**53, float("inf")]),
        ["12345678", None, None, None, None],
    ),
    "float": (pa.array(np.array([16777216, 1.5], np.float32)), ["16777216", None]),
    "half": (pa.array(np.array([7, 2048], np.float16)), ["7", "2048"]),
    "decimal": (
        pa.array(
            [decimal.Decimal("12345678901234567.00"), decimal.Decimal("2.50")], pa.decimal128(20, 2)
        ),
        ["12345678901234567", None],
    ),
    "bool": (pa.array([True, None]), ["true", None]),
    "null": (pa.nulls(2), [None, None]),
    "text": (pa.array(["007", " a ", "", "Zoë"]), ["007", "a", None, "Zoë"]),
    "large text": (pa.array(LONG, pa.large_string()), LONG),
    "view": (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
    "dictionary": (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    "dictionary of doubles": (pa.array([5.0, 5.5]).dictionary_encode(), ["5", None]),
    "bytes": (pa.array([b"u1", b"\xff", b"\x01"]), ["u1", None, None]),
    "fixed bytes": (pa.array([b"ab", b"cd"], pa.binary(2)), ["ab", "cd"]),
    "uuid": (pa.array([one.bytes for one in UUIDS], pa.uuid()), [str(one) for one in UUIDS]),
}


@pytest.mark.parametrize("column", ["user", "item"])
def test_parquet(spark, tmp_path, column):
    """Every type is a part of its own in one delivery."""
    for nth, (written, _wanted) in enumerate(TYPES.values()):
        columns = {
            name: pa.array([f"{name}{n}" for n in range(len(written))]) for name in ("user", "item")
        } | {column: written}
        pq.write_table(
            pa.table(columns | {"ts": [T] * len(written)}), tmp_path / f"{nth:02}.parquet"
        )
    rows = rows_of(spark, tmp_path, LOG + 'path = "*.parquet"')
    read = [
        [row[column] if row["verdict"] is None else None for row in part] for part in by_file(rows)
    ]
    assert dict(zip(TYPES, read, strict=True)) == {
        type: wanted for type, (_, wanted) in TYPES.items()
    }
    assert set(reasons(rows)) == {"missing_id", "inexact_id", "broken_encoding"}


TEXTS = [
    "007",
    "+1",
    "a b",
    "Zoë",
    "x" * 500,
    "1.2.3",
    "0x10",
    "-",
    "=1+1",
    "a'b",
    "\u4e2d",
    "550e8400-e29b-41d4-a716-446655440000",
]


@pytest.mark.parametrize("name", ["e.csv", "e.tsv", "e.jsonl", "e.json", "e.parquet"])
def test_texts_come_out_as_they_went_in_whatever_the_format(spark, tmp_path, name):
    kind, between = name.partition(".")[2], "\t" if name.endswith("tsv") else ","
    if kind == "parquet":
        pq.write_table(
            pa.table({"user": TEXTS, "item": ["i"] * len(TEXTS), "ts": [T] * len(TEXTS)}),
            tmp_path / name,
        )
    elif kind in ("csv", "tsv"):
        (tmp_path / name).write_text(
            "".join(
                between.join(row) + "\n"
                for row in [("user", "item", "ts"), *((text, "i", str(T)) for text in TEXTS)]
            )
        )
    else:
        objects = [{"user": text, "item": "i", "ts": T} for text in TEXTS]
        (tmp_path / name).write_text(
            json.dumps(objects)
            if kind == "json"
            else "".join(json.dumps(one) + "\n" for one in objects)
        )
    assert [
        row[0] for row in kept(rows_of(spark, tmp_path, LOG + f'path = "{name}"'), "user")
    ] == TEXTS


def test_numbers_written_with_a_point_are_whole_numbers_in_csv(spark, tmp_path):
    (tmp_path / "e.csv").write_text(
        f"user,item,ts\n1.0,10.0,{T}\n2.0,1e7,{T}\n,3.0,{T}\nNaN,4,{T}\n5.0,1.2345678E7,{T}\n"
    )
    rows = rows_of(spark, tmp_path, LOG + 'path = "e.csv"')
    assert (
        kept(rows, "user", "item") == [("1", "10"), ("2", "10000000"), ("5", "12345678")]
        and reasons(rows) == ["missing_id"] * 2
    )


def test_a_few_texts_among_numbers_do_not_respell_the_others(spark, tmp_path):
    (tmp_path / "e.csv").write_text(
        "user,item,ts\n"
        + "".join(f"{n % 7}.0,{n % 13}.0,{T + n}\n" for n in range(60))
        + f"guest,3.0,{T}\n1.5,4.0,{T}\n"
    )
    rows = rows_of(spark, tmp_path, LOG + 'path = "e.csv"')
    assert {row[0] for row in kept(rows, "user")} == {*map(str, range(7)), "guest"} and reasons(
        rows
    ) == ["inexact_id"]


def test_versions_are_texts(spark, tmp_path):
    (tmp_path / "e.csv").write_text(f"user,item,ts\nu,1.0,{T}\nu,1.1,{T}\nu,2.0,{T}\n")
    assert [row[0] for row in kept(rows_of(spark, tmp_path, LOG + 'path = "e.csv"'), "item")] == [
        "1.0",
        "1.1",
        "2.0",
    ]


def test_windows_letters_are_found_out(spark, tmp_path):
    (tmp_path / "e.csv").write_bytes(
        b"user,item,ts\n" + "".join(f"u{n},„Größe“ €,{T}\n" for n in range(9)).encode("cp1252")
    )
    rows = rows_of(spark, tmp_path, LOG + 'path = "e.csv"')
    assert set(kept(rows, "item")) == {("„Größe“ €",)} and not reasons(rows)
    assert any(
        "Windows-1252" in note
        for note in looked_at(tmp_path, LOG + 'path = "e.csv"')[0].guesses[0].notes
    )


def test_single_quotes_around_every_id_are_refused(tmp_path):
    (tmp_path / "e.csv").write_text(f"user,item,ts\n'u1','a,x',{T}\n'u2','b',{T}\n")
    with pytest.raises(
        RefusedData,
        match=r"every user is in single quotes; got .*; remedy: export it with double quotes",
    ):
        looked_at(tmp_path, LOG + 'path = "e.csv"')
