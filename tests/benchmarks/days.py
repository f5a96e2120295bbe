"""Day over day: `python3 -m tests.benchmarks.days` (or `make bench-days`): what warm start and
alignment cost, and what they keep.

The last days of MovieLens 100K are ingested one by one. On each, item2vec is trained anew (`cold`:
no warm start, no alignment) and from the day before (`kept`: both), each line of days with its own
champion, by each trainer: the closed form, which is only aligned, and gensim. Figures are means
over seeds: quality on the day's held-out rows, and how much of the day before is left
(`tasks.core.retrieval.stability`). The last line is JSON: for each trainer and way, over the days
after the first,

    recall_50, hr_10, ndcg_10       on the test rows of each day
    recall_50_difference            kept less cold, and its standard deviation over seeds and days,
                                    paired
    neighbours_10, similar_10       share of an item's ten nearest that are those of the day before
    cosine                          of an item's vector with that of the day before
    fit_seconds                     of the whole stage
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import statistics
import sys
import time

from infra.environments.names import state
from infra.local.data import movielens_100k
from tests.benchmarks.stages import ask

LAST = datetime.date(1998, 4, 22)
QUALITY, KEPT = (
    ("recall_50", "hr_10", "ndcg_10"),
    ("neighbours_10", "similar_10", "cosine"),
)
WAYS = {"cold": {"warm_start": False, "align": False}, "kept": {"warm_start": True, "align": True}}


def snapshots(store: str, days: int, step: int) -> list[dict]:
    """The last `days` days, `step` days apart, oldest first, with the graph of each."""
    made = []
    for ago in range(step * (days - 1), -1, -step):
        snapshot = ask(
            "ingest",
            "snapshot",
            {
                "store": store,
                "dataset": "ml-100k",
                "location": movielens_100k().as_uri(),
                "day": (LAST - datetime.timedelta(days=ago)).isoformat(),
            },
        )
        graph = ask(
            "graph", "build", {"store": store, "dataset": "ml-100k", "snapshot": snapshot["uri"]}
        )
        made.append({**snapshot, "graph": graph["uri"]})
    return made


def line(store: str, days: list[dict], settings: dict, seed: int) -> list[dict]:
    """One model a day, each with that of the day before as its champion; its figures."""
    champion, lines = None, []
    for day in days:
        model = ask(
            "item2vec",
            "fit",
            {
                "store": store,
                "graph": day["graph"],
                "settings": settings,
                "seed": seed,
                "track": False,
                **({"champion": champion} if champion else {}),
            },
        )
        judged = ask(
            "evaluate",
            "judge",
            {
                "store": store,
                "candidate": model["uri"],
                "snapshot": day["uri"],
                "champion_from_registry": False,
                "track": False,
            },
        )
        lines.append(
            {
                **{name: judged["metrics"]["challenger"][name] for name in QUALITY},
                **(model["stability"] or {}),
                "fit_seconds": model["seconds"],
                "epochs": model["epochs"],
                "day": day["day"],
            }
        )
        champion = model["uri"]
    return lines


def table(lines: dict[tuple[str, str], list[list[dict]]]) -> str:
    """Means over seeds, a row for each trainer, way and day."""
    columns = (*QUALITY, *KEPT, "fit_seconds")
    rows = [["trainer", "way", "day", *columns]]
    for (trainer, way), seeds in lines.items():
        for day in range(len(seeds[0])):
            rows.append(
                [
                    trainer,
                    way,
                    seeds[0][day]["day"],
                    *(_mean([one[day].get(name) for one in seeds]) for name in columns),
                ]
            )
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows
    )


def _mean(values: list[float | None]) -> str:
    return (
        "–"
        if None in values
        else f"{statistics.fmean(values):.4f}"
        if max(values) < 2
        else f"{statistics.fmean(values):.1f}"
    )


def summary(lines: dict[tuple[str, str], list[list[dict]]]) -> dict:
    """Means over seeds and the days after the first; the paired difference of the two ways."""
    results: dict = {}
    for (trainer, way), seeds in lines.items():
        later = [day for one in seeds for day in one[1:]]
        results.setdefault(trainer, {})[way] = {
            name: round(statistics.fmean(day[name] for day in later), 4)
            for name in (*QUALITY, *KEPT, "fit_seconds")
            if all(name in day for day in later)
        }
    for trainer in results:
        pairs = [
            kept["recall_50"] - cold["recall_50"]
            for one, other in zip(lines[trainer, "kept"], lines[trainer, "cold"])
            for kept, cold in zip(one[1:], other[1:])
        ]
        results[trainer]["recall_50_difference"] = {
            "mean": round(statistics.fmean(pairs), 4),
            "sd": round(statistics.stdev(pairs), 4) if len(pairs) > 1 else 0,
        }
    return results


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.days", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--days", type=int, default=3, help="days in a row (default %(default)s)")
    parser.add_argument(
        "--step", type=int, default=1, help="days from one to the next (default %(default)s)"
    )
    parser.add_argument("--seeds", type=int, default=3, help="(default %(default)s)")
    parser.add_argument("--trainers", default="netmf,gensim", help="(default %(default)s)")
    parser.add_argument(
        "--settings", default="{}", type=json.loads, help="further settings of item2vec, as JSON"
    )
    given = parser.parse_args()
    begun = time.monotonic()
    (state() / "days").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(
        state() / "days" / "candidates", ignore_errors=True
    )  # a training that is found done would take no time
    store = (state() / "days").as_uri()
    days = snapshots(store, given.days, given.step)
    lines = {
        (trainer, way): [
            line(store, days, {**given.settings, "trainer": trainer, **chosen}, seed)
            for seed in range(given.seeds)
        ]
        for trainer in given.trainers.split(",")
        for way, chosen in WAYS.items()
    }
    print(table(lines), file=sys.stderr)
    print(
        json.dumps(
            {
                "days": [day["day"] for day in days],
                "seeds": given.seeds,
                **summary(lines),
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
