"""Every next action of unseen sessions, ranked: `make bench-sessions DATA=<folder>`; R@20 and
MRR@20 of a family, over several seeds.

The folder holds `train_sessions.tsv.gz` and `test_sessions.tsv.gz`: a line is a session, item
numbers in order. The training sessions become a log that three lines of TOML describe; ingestion
and training are the product's own, with nothing set but who is held out: a tenth of the training
sessions for validation, and a thousandth for test, without which no snapshot is accepted. Ranks are
over all items of training, nothing is left out, an item that training never saw is a miss: the
protocol of the official GRU4Rec (Hidasi, "GRU4Rec_PyTorch_Official"). The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from infra.environments.names import ROOT, python, state
from tests.benchmarks.stages import ask

FIRST, MINUTE = (
    1_600_000_000,
    60,
)  # sessions have no times: they begin a minute apart, their actions follow by the second
TOML = '[interactions]\npath = "log.csv"\nuser = "session"\nitem = "item"\ntimestamp = "time"\n'
K = 20


def sessions(path: Path) -> list[list[str]]:
    """The sessions of a file."""
    with gzip.open(path, "rt") as lines:
        return [line.split() for line in lines if line.strip()]


def write(folder: Path, whole: list[list[str]]) -> str:
    """The sessions as a log, and its description; the day they end."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "log.csv", "w") as out:
        out.write("session,item,time\n")
        for number, items in enumerate(whole):
            out.writelines(
                f"s{number},{item},{FIRST + MINUTE * number + place}\n"
                for place, item in enumerate(items)
            )
    (folder / "shop.toml").write_text(TOML)
    return time.strftime("%Y-%m-%d", time.gmtime(FIRST + MINUTE * len(whole)))


def ranked(candidate: str, test: list[list[str]]) -> dict[str, float]:
    """`recall` and `mrr` at 20 of every action but the first of each session."""
    import numpy as np

    from tasks.core.data.histories import Histories
    from tasks.core.retrieval.candidate import Candidate
    from tasks.core.retrieval.top_k import inner_products, ranks
    from tasks.core.store.store import Store

    model = Candidate(Store(candidate.rpartition("/candidates/")[0]).open(candidate, "candidate"))
    place = {item: row for row, item in enumerate(model.item_ids)}
    rows = [[place.get(item, -1) for item in session] for session in test]
    known = [
        [row for row in session[:end] if row >= 0]
        for session in rows
        for end in range(1, len(session))
    ]
    wanted = np.array([row for session in rows for row in session[1:]])
    places = np.full(len(wanted), len(model.item_ids), np.int64)
    for start in range(0, len(wanted), 1024):
        of = slice(start, start + 1024)
        scores = inner_products(
            model.encoder.encode(Histories.of_lists(known[of])), np.asarray(model.vectors)
        )
        for at, row in enumerate(wanted[of]):
            if row >= 0:
                places[start + at] = ranks(scores[at], np.array([row]))[0]
    return {
        "actions": len(wanted),
        "recall": float((places < K).mean()),
        "mrr": float(np.where(places < K, 1 / (places + 1), 0).mean()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.sessions",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the two files")
    parser.add_argument("--family", default="gru4rec", choices=("gru4rec", "linear", "two_tower"))
    parser.add_argument("--settings", type=json.loads, default={}, help="of the family, as JSON")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--candidate",
        help="rank by this one, as file:///…/candidates/gru4rec/<id>, instead of training any",
    )
    given = parser.parse_args()
    place = state() / "sessions" / given.data.name
    store = (place / "store").as_uri()
    test = sessions(given.data / "test_sessions.tsv.gz")
    if given.candidate:
        print(json.dumps(ranked(given.candidate, test)))
        return 0
    begun = time.monotonic()
    day = write(place, sessions(given.data / "train_sessions.tsv.gz"))
    snapshot = ask(
        "ingest",
        "snapshot",
        {
            "store": store,
            "dataset": given.data.name,
            "location": (place / "shop.toml").as_uri(),
            "format": "own",
            "day": day,
            "split": {"test_share": 0.001, "validation_share": 0.1},
        },
    )
    found = []
    for seed in range(given.seeds):
        started = time.monotonic()
        fitted = ask(
            given.family,
            "fit",
            {
                "store": store,
                "snapshot": snapshot["uri"],
                "settings": given.settings,
                "seed": seed,
                "track": False,
            },
        )
        seconds = time.monotonic() - started
        done = subprocess.run(
            [
                str(python("train")),
                "-m",
                "tests.benchmarks.sessions",
                "--data",
                str(given.data),
                "--candidate",
                fitted["uri"],
            ],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        )
        found.append(json.loads(done.stdout.splitlines()[-1]))
        print(
            f"seed {seed}: R@20 {found[-1]['recall']:.4f}  MRR@20 {found[-1]['mrr']:.4f}  "
            f"({found[-1]['actions']:,} actions, trained in {seconds:.0f} s)",
            file=sys.stderr,
            flush=True,
        )
    results = {
        name: {
            "mean": round(statistics.fmean(one[name] for one in found), 4),
            "sd": round(statistics.stdev(one[name] for one in found), 4) if len(found) > 1 else 0.0,
        }
        for name in ("recall", "mrr")
    }
    print(
        json.dumps(
            {
                "data": given.data.name,
                "family": given.family,
                "settings": given.settings,
                "seeds": given.seeds,
                "recall_20": results["recall"],
                "mrr_20": results["mrr"],
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
