"""Ids and titles that try to break out of files, of SQL and of the report: kept as they were
written, or set aside with a reason.
"""

from __future__ import annotations

import json

from tests.hostile import VALUES
from tests.ingest.conftest import make_snapshot, snapshot_request
from tests.ingest.test_own import DAY, HOLD_ONE, SECOND

TOML = (
    '[interactions]\npath = "rows.jsonl"\nuser = "uid"\nitem = "sku"\ntimestamp = '
    '"ts"\n[items]\npath = "items.jsonl"\nid = "sku"\ntitle = "name"\n'
)
# What UTF-8 has. Blanks around an id are not part of it; half a character and bytes that are no
# text are told apart below.
IDS = list(
    dict.fromkeys(
        value.strip()
        for value in VALUES
        if value.strip()
        and "\0" not in value
        and not any("\ud800" <= char <= "\udfff" for char in value)
        and len(value) < 1000
    )
)


def test_hostile_ids_are_kept_and_bytes_that_are_no_text_are_set_aside(spark, tmp_path):
    lines = [
        json.dumps(
            {"uid": IDS[(at + 7 * nth) % len(IDS)], "sku": id, "ts": SECOND + 60 * nth + at},
            ensure_ascii=False,
        )
        for at, id in enumerate(IDS)
        for nth in range(4)
    ]
    broken = [
        b'{"uid": "\xff\xfe", "sku": "tea", "ts": 1600000000}',
        b'{"uid": "ann\xc3", "sku": "tea", "ts": 1600000000}',
    ]
    (tmp_path / "rows.jsonl").write_bytes(
        "\n".join(lines).encode() + b"\n" + b"\n".join(broken) + b"\n"
    )
    (tmp_path / "items.jsonl").write_text(
        "".join(
            json.dumps({"sku": id, "name": f"Title of {id}"}, ensure_ascii=False) + "\n"
            for id in IDS
        ),
        "utf-8",
    )
    (tmp_path / "shop.toml").write_text(TOML)
    result, made = make_snapshot(
        snapshot_request(
            tmp_path,
            str(tmp_path / "shop.toml"),
            format="own",
            day=DAY,
            maximum_quarantined=0.2,
            **HOLD_ONE,
        )
    )
    assert len(IDS) > 100 and set(made.item_ids) == set(made.user_ids) == set(IDS), set(IDS) ^ set(
        made.item_ids
    )
    assert (
        result["rows_in"] == result["kept"] + result["quarantined"] and result["quarantined"] == 2
    ), result["reasons"]
    report = (made.artefact.path / "report.html").read_text("utf-8")
    assert (
        "<script>alert(1)" not in report
        and "<img src=x" not in report
        and not [path for path in tmp_path.rglob("*") if path.name == "owned"]
    )
    assert {path.name for path in (tmp_path / "store").iterdir()} <= {
        "snapshots",
        "quarantine",
        "deliveries",
        "corrections",
    }
