"""The first and the last moment of a file, read without Spark, whatever its format and clock."""

from __future__ import annotations

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.ingest.parse import time_span
from tests.ingest.reading import looked_at

SECONDS = (874_724_710, 893_286_638)
TOML = '[interactions]\npath = "{}"\nuser = "uid"\nitem = "sku"\ntimestamp = "ts"\n'
CLOCKS = {
    "seconds": SECONDS,
    "milliseconds": [1000 * s for s in SECONDS],
    "nanoseconds": [10**9 * s for s in SECONDS],
    "iso8601": [datetime.datetime.fromtimestamp(s, datetime.UTC).isoformat() for s in SECONDS],
}


def write(path, times) -> None:
    rows = [("ä", f"i{n}", time) for n, time in enumerate(times)]
    if path.suffix == ".jsonl":
        path.write_text(
            "".join(json.dumps(dict(zip(("uid", "sku", "ts"), row))) + "\n" for row in rows)
            + "{broken\n[7]\n"
        )
    elif path.suffix == ".parquet":
        pq.write_table(pa.table(dict(zip(("uid", "sku", "ts"), map(list, zip(*rows))))), path)
    else:
        between = {".csv": ",", ".tsv": "\t", ".txt": ";"}[path.suffix]
        lines = [between.join(map(str, row)) for row in rows]
        path.write_text(
            "\ufeff"
            + between.join(("uid", "sku", "ts"))
            + "\n"
            + "\n".join([*lines, "short", 'a,"b', ""])
            + "\n"
        )


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("name", ["log.jsonl", "log.csv", "log.tsv", "log.txt", "log.parquet"])
def test_every_format_and_clock(tmp_path, name, clock):
    write(tmp_path / name, [CLOCKS[clock][1], CLOCKS[clock][0]])
    seen, *_ = looked_at(tmp_path, TOML.format(name))
    assert time_span.extremes(seen.local_files[0], seen.layouts[0]) == pytest.approx(SECONDS)


def test_what_cannot_be_true_is_passed_over(tmp_path):
    write(
        tmp_path / "log.csv",
        [SECONDS[0], "", "x", -5, 9e12, *range(SECONDS[1] - 50, SECONDS[1] + 1)],
    )
    seen, *_ = looked_at(tmp_path, TOML.format("log.csv"))
    assert time_span.extremes(seen.local_files[0], seen.layouts[0]) == pytest.approx(SECONDS)
