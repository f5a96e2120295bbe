"""A hundred bad rows of every kind: counted by reason, told in the report, repaired, replayed, with
closed accounts.
"""

from __future__ import annotations

import html

from tasks.ingest.parse.row_checks import REASONS
from tests.ingest import hundred
from tests.ingest.conftest import make_snapshot, snapshot_request
from tests.ingest.test_replay import export, give_back

# Of layouts of one's own: test_own, test_quotes, test_ids, test_json, test_clock.
OF_OWN = {
    "broken_json",
    "unknown_event",
    "broken_quotes",
    "inexact_id",
    "nested_id",
    "other_time_unit",
}


def test_a_hundred_bad_rows_are_told_by_reason_and_come_back_repaired(spark, tmp_path):
    bad = hundred.write(tmp_path / "in")
    request = snapshot_request(
        tmp_path,
        tmp_path / "in",
        format="ordered-csv",
        day=hundred.DAY,
        dataset="hundred",
        maximum_quarantined=0.1,
    )
    before, made = make_snapshot(request)
    expected = {reason: count for reason, (count, _) in hundred.ROWS.items()} | hundred.LOST
    assert before["reasons"] == expected and before["quarantined"] == 100 and before["kept"] == 1440
    assert made.artefact.facts["catalogue"]["items"]["reasons"] == hundred.CATALOGUE
    assert expected.keys() | hundred.CATALOGUE.keys() | OF_OWN == REASONS.keys(), (
        "every reason that there is"
    )
    page = html.unescape(made.artefact.file("report.html").read_text())
    for reason in expected | hundred.CATALOGUE:
        assert reason in page and REASONS[reason] in page
    rows = export(tmp_path, request)
    assert (
        len(rows) == 103
        and {row["reason"] for row in rows} == expected.keys() | hundred.CATALOGUE.keys()
    )
    mended = {
        text.decode("utf-8", "backslashreplace"): right.decode() for text, right in bad.items()
    }
    after = give_back(
        tmp_path, request, [row | {"text": mended.get(row["text"], row["text"])} for row in rows]
    )
    assert (after["repaired"], after["unchanged"], after["reasons"]) == (90, 13, hundred.LOST)
    assert (
        after["rows_in"] == before["rows_in"] == 1540 == after["kept"] + after["quarantined"]
        and after["kept"] == 1530
    )
    for result in (before, after):
        gone = ("kept", "quarantined", "later", "superseded")
        assert result["rows_in"] == sum(result[name] for name in gone), "the accounts close"
