"""A study from the defaults, killed half-way and taken up again; what won is trained anew and
judged on test rows: `make bench-tune`.

The product's own verbs do it, as the DAG `tune` asks them: begin, one process a trial,
conclude. Half-way every process is killed outright, the study is begun again and all slots are
asked again: those that are done answer at once, the one that was killed is tried again with its
settings. Only validation rows are looked at until the study is concluded. One JSON line last.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time

from infra.environments.names import ROOT, python, state
from tests.benchmarks import quality
from tests.benchmarks.stages import ask

SEEDS = 3


def fit_request(family: str, store: str, snapshot: dict) -> dict:
    """What a trial asks the family, save its settings."""
    if family == "item2vec":
        return {
            "store": store,
            "graph": ask(
                "graph",
                "build",
                {"store": store, "dataset": snapshot["dataset"], "snapshot": snapshot["uri"]},
            )["uri"],
        }
    return {"store": store, "dataset": snapshot["dataset"], "snapshot": snapshot["uri"]}


def killed(request: dict) -> None:
    """Begin a trial and kill it outright when its training is under way."""
    process = subprocess.Popen(
        [str(python("train")), "-m", "tasks.tune", "trial", json.dumps(request)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    for line in process.stderr:
        if "tune.trial" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()


def judged(family: str, store: str, snapshot: dict, settings: dict) -> list[dict]:
    """Test figures of these settings, a training a seed."""
    found = []
    for seed in range(SEEDS):
        model = quality.fit(family, store, snapshot, settings, seed)
        found.append(
            ask(
                "evaluate",
                "judge",
                {
                    "store": store,
                    "candidate": model["uri"],
                    "snapshot": snapshot["uri"],
                    "champion_from_registry": False,
                    "track": False,
                },
            )["metrics"]["challenger"]
        )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.tuning",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--protocol", default="p1-time")
    parser.add_argument("--family", default="item2vec")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument(
        "--seed", type=int, default=0, help="of the choices; another one is another study"
    )
    given = parser.parse_args()
    store = (state() / "quality").as_uri()
    dataset, protocol, _ = quality.recipe(given.protocol, given.family, "default")
    snapshot = quality.ingest(dataset, protocol)
    begun = time.monotonic()
    opening = {
        "store": store,
        "family": given.family,
        "fit": fit_request(given.family, store, snapshot),
        "trials": given.trials,
        "seed": given.seed,
        "track": False,
    }
    study = ask("tune", "begin", opening)["study"]
    half = given.trials // 2
    before = [
        ask("tune", "trial", {"store": store, "study": study, "slot": slot}) for slot in range(half)
    ]
    killed({"store": store, "study": study, "slot": half})
    assert ask("tune", "begin", opening)["study"] == study
    done = [
        ask("tune", "trial", {"store": store, "study": study, "slot": slot})
        for slot in range(given.trials)
    ]
    won = ask("tune", "conclude", {"store": store, "study": study})
    seconds = time.monotonic() - begun
    figures, defaults = (
        judged(given.family, store, snapshot, settings) for settings in (won["settings"], {})
    )
    results = {
        f"{of}{name}": round(sum(one[name] for one in these) / SEEDS, 4)
        for of, these in (("", figures), ("default_", defaults))
        for name in ("hr_10", "ndcg_10", "recall_50")
    }
    print(
        json.dumps(
            {
                "protocol": given.protocol,
                "family": given.family,
                "trials": len(done),
                **{
                    state: sum(one["state"] == state for one in done)
                    for state in ("complete", "pruned", "refused")
                },
                "tried_again_after_the_kill": won["fail"],
                "kept_over_the_kill": [one["value"] for one in done[:half]]
                == [one["value"] for one in before],
                "validation_start": done[0]["value"],
                "validation_best": round(won["value"], 4),
                "settings": won["settings"],
                "importance": won["importance"],
                **results,
                "seconds": round(seconds, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
