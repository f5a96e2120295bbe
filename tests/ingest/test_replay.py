"""Rows come back from quarantine: repaired by a person and replayed into their day, with the
accounts still closed.
"""

from __future__ import annotations

import dataclasses
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import parse
from tasks.core.store.store import Store
from tasks.ingest.replay import quarantine, replay
from tasks.ingest.settings import QuarantineRequest, ReplayRequest
from tests.ingest.conftest import NOW, make_snapshot, snapshot_request

BAD = [
    b"121;7;4;876000000",
    b"121\t8\tfour\t876000060",
    b"121\t9\t5\t876000120\textra",
    b"\xff\xfe\x00",
    b"121\t999\t4\t876000180",
]
GOOD = {
    "121;7;4;876000000": "121\t7\t4\t876000000",
    "121\t8\tfour\t876000060": "121\t8\t4\t876000060",
    "121\t9\t5\t876000120\textra": "121\t9\t5\t876000120",
    "121\t999\t4\t876000180": "121\t10\t4\t876000180",
}


def export(folder, request, **more) -> list[dict]:
    out = folder / "bad.jsonl"
    result = quarantine(
        parse(
            QuarantineRequest,
            {"store": request.store, "out": str(out), "dataset": request.dataset} | more,
        )
    )
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert result["rows"] == len(rows)
    return rows


def give_back(folder, request, rows):
    path = folder / "repaired.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return replay(
        ReplayRequest(
            **{field.name: getattr(request, field.name) for field in dataclasses.fields(request)},
            repaired=str(path),
        ),
        now=NOW,
    )


def test_repaired_rows_are_kept_and_the_rest_stays(spark, ask, source, tmp_path):
    with (source / "u.data").open("ab") as file:
        file.write(b"\n".join(BAD))  # and the last line lacks its end
    request = ask()
    before, _ = make_snapshot(request)
    assert before["reasons"] == {
        "truncated_line": 1,
        "wrong_number_of_fields": 2,
        "broken_encoding": 1,
        "unparsable_rating": 1,
    }
    rows = export(tmp_path, request)
    assert [row["text"] for row in rows] == [
        "121;7;4;876000000",
        "121\t8\tfour\t876000060",
        "121\t9\t5\t876000120\textra",
        "\\xff\\xfe\x00",
        "121\t999\t4\t876000180",
    ]
    after = give_back(
        tmp_path, request, [row | {"text": GOOD.get(row["text"], row["text"])} for row in rows]
    )
    assert (after["repaired"], after["unchanged"], after["reasons"]) == (
        4,
        1,
        {"broken_encoding": 1},
    )
    assert (
        after["rows_in"] == before["rows_in"] == after["kept"] + after["quarantined"]
        and after["kept"] == before["kept"] + 4
    )
    made = Store(request.store).open(after["uri"], "snapshot")
    assert (
        made.lineage["source"]["interactions"]
        == Store(request.store).open(before["uri"], "snapshot").lineage["source"]["interactions"]
    )
    again, snapshot = make_snapshot(request)
    assert again["uri"] == after["uri"], "from now on the day is made with the repaired rows"
    user = snapshot.user_ids.index("121")
    assert [
        snapshot.item_ids[item] for item in snapshot.histories("train", "validation", "test")[user]
    ] == ["7", "8", "9", "10"]


def test_rows_of_parquet_and_of_the_catalogue_are_repaired_too(spark, tmp_path):
    people, things = [f"u{n % 4}" for n in range(20)], [f"i{n % 5}" for n in range(20)]
    table = pa.table(
        {
            "u": people,
            "i": things,
            "t": [1_600_000_000 + n for n in range(20)],
            "r": [5] * 19 + [55],
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    (tmp_path / "items.csv").write_text(
        "id,name\n" + "".join(f"i{n},T{n}\n" for n in range(4)) + "i4,T4,oops\n"
    )
    (tmp_path / "shop.toml").write_text(
        '[interactions]\npath = "rows.parquet"\nuser = "u"\nitem = "i"\ntimestamp = '
        '"t"\nrating = "r"\nrating_range = [1, 5]\n'
        '[items]\npath = "items.csv"\nid = "id"\ntitle = "name"\n'
    )
    request = snapshot_request(
        tmp_path,
        tmp_path / "shop.toml",
        format="own",
        day="2020-09-14",
        maximum_quarantined=0.5,
        split={"test": 1, "validation": 0},
    )
    before, _ = make_snapshot(request)
    assert before["reasons"] == {"out_of_range_rating": 1, "unknown_item": 3}
    rows = export(tmp_path, request, reasons=["out_of_range_rating", "wrong_number_of_fields"])
    assert [(row["table"], row["line"]) for row in rows] == [("interactions", 20), ("items", 6)]
    after = give_back(
        tmp_path,
        request,
        [
            row | {"text": row["text"].replace('"r":"55"', '"r":"4"').replace(",oops", "")}
            for row in rows
        ],
    )
    assert (after["repaired"], after["reasons"], after["kept"]) == (2, {}, 20)


def test_a_repaired_line_keeps_the_encoding_of_its_file(spark, ask, source, tmp_path):
    films = (source / "u.item").read_bytes().splitlines()
    (source / "u.item").write_bytes(
        b"\n".join([films[0].replace(b"Film", "Café".encode("latin-1")) + b"|1", *films[1:]])
        + b"\n"
    )
    request = ask(maximum_quarantined=0.2)
    make_snapshot(request)
    [row] = export(tmp_path, request, reasons=["wrong_number_of_fields"])
    assert row["text"].startswith("1|Café 1 (1995)|"), "as a person reads it"
    after = give_back(tmp_path, request, [row | {"text": row["text"].removesuffix("|1")}])
    assert (after["repaired"], after["reasons"]) == (1, {})
    assert make_snapshot(request)[1].items["title"][0].as_py() == "Café 1 (1995)"


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "line 1 is no row"),
        ('{"table": "interactions"}', "line 1 is no row"),
        (
            '{"table": "interactions", "delivery": "whole", "file": "u.data", "line": 1, '
            '"text": "x"}',
            "not in the quarantine",
        ),
    ],
)
def test_a_file_that_is_no_repair_is_refused(planted, tmp_path, line, message):
    (tmp_path / "repaired.jsonl").write_text(line + "\n")
    request, _, _ = planted
    fields = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    with pytest.raises(BadRequest, match=message):
        replay(ReplayRequest(**fields, repaired=str(tmp_path / "repaired.jsonl")), now=NOW)
