"""Ten thousand damaged inputs: `python3 -m tests.benchmarks.mutations` (or `make bench-mutations`).

Every one must end in a clear refusal or in closed accounts. A file is landed and examined alone, as ingestion does it; those that
pass are ingested together, some hundred files to a delivery, whose accounts are closed file by file against the lines counted
in Python. The last line is JSON: inputs, refused, with_quarantine, accepted_whole, unaccounted (must be 0), rows_in, rows_kept,
rows_quarantined, slowest_examination_s.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.errors import BadRequest, RefusedData
from tasks.core.request import parse
from tasks.core.spark.session import session
from tasks.core.spark.settings import Spark
from tasks.core.store import Store
from tasks.ingest import landing, snapshot
from tasks.ingest.reading.examine import examine
from tasks.ingest.rules import Split
from tasks.ingest.settings import Limits, SnapshotRequest
from tasks.ingest.sources import Source, describe
from tests.benchmarks.mutators import mutate

SECOND = 1_000_000_000
ROWS = [(f"{1 + n % 8}", f"{1 + (7 * n) % 23}", 1 + n % 5, SECOND + n) for n in range(40)]
LIMITS = Limits(unpacked_gb=0.05, expansion=100, line_kb=512)


@dataclasses.dataclass(frozen=True)
class Layout:
    """A good file of one layout, and how ingestion is told of it."""

    name: str
    good: bytes
    between: bytes
    toml: str

    def source(self, folder: Path) -> Source:
        (folder / "own.toml").write_text(f'[interactions]\npath = "files"\nuser = "u"\nitem = "i"\ntimestamp = "t"\nrating = "r"\n'
                                         f'rating_range = [1, 5]\n{self.toml}')
        return describe("own", str(folder / "own.toml"))


def text(between: str, header: bool) -> bytes:
    lines = (["u,i,r,t".replace(",", between)] if header else []) + [between.join(map(str, row)) for row in ROWS]
    return ("\n".join(lines) + "\n").encode()


def parquet() -> bytes:
    users, items, stars, times = zip(*ROWS)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"u": users, "i": items, "r": stars, "t": times}), sink)
    return sink.getvalue().to_pybytes()


HEADERLESS = 'columns = ["u", "i", "r", "t"]\n'
LAYOUTS = (
    Layout("csv", text(",", True), b",", 'format = "csv"\n'),
    Layout("tab, no header", text("\t", False), b"\t", f'format = "csv"\ndelimiter = "\\t"\nencoding = "ascii"\n{HEADERLESS}'),
    Layout("double colon, latin-1", text("::", False), b"::", f'format = "csv"\ndelimiter = "::"\nencoding = "latin-1"\n{HEADERLESS}'),
    Layout("json lines", b"".join(json.dumps(dict(zip("uirt", row))).encode() + b"\n" for row in ROWS), b", ", 'format = "jsonl"\n'),
    Layout("parquet", parquet(), b"r", 'format = "parquet"\n'))


class Run:
    """The counts of one run."""

    def __init__(self) -> None:
        self.counts = collections.Counter()
        self.slowest, self.refusals, self.strange = 0.0, collections.Counter(), []

    def examine(self, layout: Layout, source: Source, path: Path, how: str) -> bool:
        """Land and examine one file alone; whether it may go on."""
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            try:
                kind = "parquet" if source.interactions.kind == "parquet" else "lines"
                landed = landing.land(landing.find(str(path), path.parent), kind, Path(scratch), LIMITS)
                examine(source.interactions, landed)
                return True
            except (RefusedData, BadRequest) as refusal:
                self.refused(refusal, path)
            except Exception as error:
                self.strange.append(f"{layout.name}, {how}: {error!r}"[:400])
            finally:
                self.slowest = max(self.slowest, time.monotonic() - begun)
        return False

    def refused(self, refusal: Exception, path: Path) -> None:
        """A refusal names the file and stays readable."""
        assert len(str(refusal)) < 3000 and path.name in str(refusal), refusal
        self.counts["refused"] += 1
        self.refusals[re.sub(r"\d+|'[^']*'", "…", str(refusal).split(path.name)[1].split(";")[0].split("(")[0])[:70]] += 1

    def ingest(self, layout: Layout, source: Source, folder: Path) -> None:
        """All files of a folder as one delivery."""
        request = parse(SnapshotRequest, {
            "store": (folder / "store").as_uri(), "location": str(folder / "own.toml"), "format": "own", "day": "2023-01-01", "dataset": "mutated",
            "maximum_quarantined": 1.0, "limits": dataclasses.asdict(LIMITS), "split": dataclasses.asdict(Split(test=1, validation=0))})
        try:
            result = snapshot.snapshot(request, now=SECOND * 2)
        except RefusedData as refusal:
            damaged = next((path for path in (folder / "files").iterdir() if path.name in str(refusal)), None)
            if damaged is None or damaged.name == "good.dat":
                self.strange.append(f"{layout.name}: {refusal}"[:600])
                return
            damaged.unlink()  # its footer was right and its pages were not: it is named, so the others can go on without it
            self.refused(refusal, damaged)
            return self.ingest(layout, source, folder)
        except Exception as error:
            self.strange.append(f"{layout.name}: {error!r}"[:600])
            return
        if result["rows_in"] != result["kept"] + result["quarantined"] + result["later"] + result["superseded"]:
            self.strange.append(f"{layout.name}: {result}")
        for one in Store(request.store).children("deliveries", "mutated", "interactions", "whole")[0].facts["accounts"]:
            self.counts["with_quarantine" if one["reasons"] else "accepted_whole"] += 1
        for name in ("rows_in", "kept", "quarantined"):
            self.counts[f"rows_{name.removeprefix('rows_')}"] += result[name]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks.mutations", description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="how many (default %(default)s)")
    parser.add_argument("--together", type=int, default=400, help="files to a delivery (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default %(default)s)")
    given = parser.parse_args()
    random, run, left = Random(given.seed), Run(), given.inputs
    with session(Spark(), 0), tempfile.TemporaryDirectory() as whole:
        for nth in range(-(-given.inputs // given.together)):
            layout, folder = LAYOUTS[nth % len(LAYOUTS)], Path(whole) / str(nth)
            (folder / "files").mkdir(parents=True)
            source, passed = layout.source(folder), 0
            for n in range(min(left, given.together)):
                how, bad = mutate(layout.good, layout.between, random)
                path = folder / "files" / f"{n:04}.dat"
                path.write_bytes(bad)
                if run.examine(layout, source, path, how):
                    passed += 1
                else:
                    path.unlink()
            left -= min(left, given.together)
            if passed:
                (folder / "files" / "good.dat").write_bytes(layout.good)
                run.counts["good"] += 1
                run.ingest(layout, source, folder)
            shutil.rmtree(folder)
            print(f"{given.inputs - left:,} inputs: {dict(run.counts)}", file=sys.stderr, flush=True)
    return conclude(given.inputs, run)


def conclude(inputs: int, run: Run) -> int:
    for reason, times in run.refusals.most_common(25):
        print(f"{times:6,}  {reason}", file=sys.stderr)
    for one in run.strange:
        print(f"NOT ACCOUNTED FOR  {one}", file=sys.stderr)
    counts = run.counts
    ended = counts["refused"] + counts["with_quarantine"] + counts["accepted_whole"] - counts["good"]
    told = {"inputs": inputs, "refused": counts["refused"], "with_quarantine": counts["with_quarantine"],
            "accepted_whole": counts["accepted_whole"] - counts["good"], "unaccounted": inputs - ended, "rows_in": counts["rows_in"],
            "rows_kept": counts["rows_kept"], "rows_quarantined": counts["rows_quarantined"], "slowest_examination_s": round(run.slowest, 2)}
    print(json.dumps(told))
    return 1 if told["unaccounted"] or run.strange else 0


if __name__ == "__main__":
    raise SystemExit(main())
