"""Ten thousand damaged inputs: `python3 -m tests.benchmarks.mutations` (or `make bench-mutations`).

Every one must end in a clear refusal or in closed accounts. A file is landed and examined alone, as
ingestion does it; those that pass are ingested together, some hundred files to a delivery, whose
accounts are closed file by file against the lines counted in Python. The last line is JSON: inputs,
refused, with_quarantine, accepted_whole, rows_in, rows_kept, rows_quarantined,
slowest_examination_s, and three that must be 0: unaccounted; traces (exceptions that are no
refusal); phantom_ids (ids of kept rows that are not in their file, see `phantoms`).
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

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.cli.request import parse
from tasks.core.spark.session import session
from tasks.core.spark.settings import Spark
from tasks.core.store.store import Store
from tasks.ingest import fetch, snapshot
from tasks.ingest.parse.examine import inspect_files
from tasks.ingest.rules import Split
from tasks.ingest.settings import Limits, SnapshotRequest
from tasks.ingest.sources import Source
from tests.benchmarks.mutators import mutate
from tests.benchmarks.phantoms import phantoms
from tests.benchmarks.seeds import LAYOUTS, SECOND, Layout

LIMITS = Limits(unpacked_gb=0.05, expansion=100, line_kb=512)


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
                inspect_files(
                    source.interactions,
                    self.land(source, path, Path(scratch)),
                    Path(scratch) / "copies",
                )
                return True
            except (RefusedData, BadRequest) as refusal:
                self.refused(refusal, path)
            except Exception as error:
                self.traced(f"{layout.name}, {how}", error)
            finally:
                self.slowest = max(self.slowest, time.monotonic() - begun)
        return False

    def land(self, source: Source, path: Path, scratch: Path) -> list[fetch.LocalFile]:
        """The plain files at a place."""
        kind = "parquet" if source.interactions.kind == "parquet" else "lines"
        return fetch.fetch_files(fetch.find_files(str(path), path.parent), kind, scratch, LIMITS)

    def traced(self, what: str, error: Exception) -> None:
        """An exception that is no refusal."""
        self.counts["traces"] += 1
        self.strange.append(f"{what}: {error!r}"[:600])

    def refused(self, refusal: Exception, path: Path) -> None:
        """A refusal names the file and stays readable."""
        assert len(str(refusal)) < 3000 and path.name in str(refusal), refusal
        self.counts["refused"] += 1
        self.refusals[
            re.sub(
                r"\d+|'[^']*'", "…", str(refusal).split(path.name)[1].split(";")[0].split("(")[0]
            )[:70]
        ] += 1

    def ingest(self, layout: Layout, source: Source, folder: Path) -> None:
        """All files of a folder as one delivery."""
        request = parse(
            SnapshotRequest,
            {
                "store": (folder / "store").as_uri(),
                "location": str(folder / "own.toml"),
                "format": "own",
                "day": "2023-01-01",
                "dataset": "mutated",
                "maximum_quarantined": 1.0,
                "limits": dataclasses.asdict(LIMITS),
                "split": dataclasses.asdict(Split(test=1, validation=0)),
            },
        )
        try:
            result = snapshot.snapshot(request, now=SECOND * 2)
        except RefusedData as refusal:
            damaged = next(
                (path for path in (folder / "files").iterdir() if path.name in str(refusal)), None
            )
            if damaged is None or damaged.name == "good.dat":
                self.strange.append(f"{layout.name}: {refusal}"[:600])
                return
            remove(
                damaged
                # its footer was right and its pages were not: it is named, so the others can go on
                # without it
            )
            self.refused(refusal, damaged)
            return self.ingest(layout, source, folder)
        except Exception as error:
            return self.traced(layout.name, error)
        if (
            result["rows_in"]
            != result["kept"] + result["quarantined"] + result["later"] + result["superseded"]
        ):
            self.strange.append(f"{layout.name}: {result}")
        delivery = Store(request.store).children("deliveries", "mutated", "interactions", "whole")[
            0
        ]
        found = list(
            phantoms(
                layout,
                self.land(source, folder / "files", folder / "landed"),
                delivery.path / "rows",
            )
        )
        self.counts["phantom_ids"] += len(found)
        self.strange += found[:20]
        for one in delivery.facts["accounts"]:
            self.counts["with_quarantine" if one["reasons"] else "accepted_whole"] += 1
        for name in ("rows_in", "kept", "quarantined"):
            self.counts[f"rows_{name.removeprefix('rows_')}"] += result[name]


def remove(path: Path) -> None:
    """An input: a file, or the folder of a table."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def damage(layout: Layout, path: Path, random: Random) -> str:
    """Write a damaged input; returns what was done. Of a Delta table either the data or the log is
    damaged.
    """
    if layout.log is not None and random.random() < 0.6:
        how, bad = mutate(layout.log, b",", random)
        layout.write(path, layout.good, bad)
        return f"log: {how}"
    how, bad = mutate(layout.good, layout.between, random)
    layout.write(path, bad)
    return how


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.mutations", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--inputs", type=int, default=10_000, help="how many (default %(default)s)")
    parser.add_argument(
        "--together", type=int, default=400, help="files to a delivery (default %(default)s)"
    )
    parser.add_argument("--layout", default="", help="only layouts whose name holds this")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default %(default)s)")
    given = parser.parse_args()
    random, run, left = Random(given.seed), Run(), given.inputs
    layouts = [layout for layout in LAYOUTS if given.layout in layout.name]
    with session(Spark(), 0), tempfile.TemporaryDirectory() as whole:
        for nth in range(-(-given.inputs // given.together)):
            layout, folder = layouts[nth % len(layouts)], Path(whole) / str(nth)
            (folder / "files").mkdir(parents=True)
            source, passed = layout.source(folder), 0
            for n in range(min(left, given.together)):
                path = folder / "files" / f"{n:04}.dat"
                how = damage(layout, path, random)
                if run.examine(layout, source, path, how):
                    passed += 1
                else:
                    remove(path)
            left -= min(left, given.together)
            if passed:
                layout.write(folder / "files" / "good.dat", layout.good)
                run.counts["good"] += 1
                run.ingest(layout, source, folder)
            shutil.rmtree(folder)
            print(
                f"{given.inputs - left:,} inputs: {dict(run.counts)}", file=sys.stderr, flush=True
            )
    return conclude(given.inputs, run)


def conclude(inputs: int, run: Run) -> int:
    for reason, times in run.refusals.most_common(25):
        print(f"{times:6,}  {reason}", file=sys.stderr)
    for one in run.strange:
        print(f"NOT ACCOUNTED FOR  {one}", file=sys.stderr)
    counts = run.counts
    ended = (
        counts["refused"] + counts["with_quarantine"] + counts["accepted_whole"] - counts["good"]
    )
    results = {
        "inputs": inputs,
        "refused": counts["refused"],
        "with_quarantine": counts["with_quarantine"],
        "accepted_whole": counts["accepted_whole"] - counts["good"],
        "unaccounted": inputs - ended,
        "traces": counts["traces"],
        "phantom_ids": counts["phantom_ids"],
        "rows_in": counts["rows_in"],
        "rows_kept": counts["rows_kept"],
        "rows_quarantined": counts["rows_quarantined"],
        "slowest_examination_s": round(run.slowest, 2),
    }
    print(json.dumps(results))
    return (
        1
        if results["unaccounted"] or results["traces"] or results["phantom_ids"] or run.strange
        else 0
    )


if __name__ == "__main__":
    raise SystemExit(main())
