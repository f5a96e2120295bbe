"""Quality of a family on a named protocol, over several seeds: `python3 -m tests.benchmarks.quality
--protocol p1-time --family item2vec`.

The product's own stages do all of it: ingest makes the snapshot, the family trains, evaluate ranks
the whole catalogue. The last line is one JSON object. Settings come from `recipes.toml`; they were
found on validation rows only. Before `fused`, its members are trained by their default recipes or
by those that its own names, with the same seed; what the store holds already is not trained again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.environments.names import ROOT, python, state
from infra.local.data import movielens_100k
from tests.benchmarks.stages import ask

RECIPES = Path(__file__).with_name("recipes.toml")
METRICS = ("hr_10", "ndcg_10", "map_10_div_10", "recall_50", "recall_50_kept")
MEMBERS = ("gru4rec", "item2vec", "linear", "two_tower")  # of a fusion, where its recipe names none
LAST_DAY = "2003-03-01"  # after the last rating of MovieLens 1M and 100K


def data(name: str) -> Path:
    """The folder of a data set: RECALL_DATA_DIR's, or MovieLens 100K as `make run` fetches it."""
    if name == "ml-100k":
        return movielens_100k()
    folder = Path(os.environ.get("RECALL_DATA_DIR", "")) / name
    if not os.environ.get("RECALL_DATA_DIR") or not folder.is_dir():
        raise SystemExit(
            f"quality: this protocol needs {name}: set RECALL_DATA_DIR to the folder that holds it "
            f"(got {os.environ.get('RECALL_DATA_DIR')!r}); its licence forbids that it be "
            f"fetched for you"
        )
    return folder.resolve()


def recipe(protocol: str, family: str, name: str) -> tuple[str, dict, dict]:
    """The data set's name, the protocol's ingestion and the family's settings on it; a protocol
    that is `same_as` another asks its models.
    """
    content = tomllib.loads(RECIPES.read_text())
    if protocol not in content["protocol"]:
        raise SystemExit(
            f"quality: no protocol is named {protocol!r}; choose from "
            f"{', '.join(content['protocol'])}"
        )
    of_protocol = content["protocol"][protocol]
    dataset = of_protocol.pop("same_as", protocol)
    settings = content.get(family, {}).get(name, {}).get(dataset)
    if settings is None and name != "default":
        raise SystemExit(
            f"quality: {family} has no recipe {name!r} for {protocol}; it has "
            f"{', '.join(content.get(family, {})) or 'none'}"
        )
    return dataset, {**content["protocol"][dataset], **of_protocol}, settings or {}


def ingest(name: str, protocol: dict) -> dict:
    """The snapshot of a protocol."""
    (state() / "quality").mkdir(parents=True, exist_ok=True)
    settings = {field: value for field, value in protocol.items() if field != "data"}
    return ask(
        "ingest",
        "snapshot",
        {
            "store": (state() / "quality").as_uri(),
            "dataset": name,
            "location": data(protocol["data"]).as_uri(),
            "day": LAST_DAY,
            **settings,
        },
    )


def fit(
    family: str, store: str, snapshot: dict, settings: dict, seed: int, protocol: str | None = None
) -> dict:
    """Train one model without MLflow; the members of a fusion by their own recipes first."""
    common = {"store": store, "settings": dict(settings), "seed": seed, "track": False}
    if family == "fused":
        names = common["settings"].setdefault("members", list(MEMBERS))
        recipes = common["settings"].pop("recipes", {})
        members = {
            name: fit(
                name,
                store,
                snapshot,
                recipe(protocol, name, recipes.get(name, "default"))[2],
                seed,
                protocol,
            )
            for name in names
        }
        common["registry"] = False
        common["candidates"] = {name: one["uri"] for name, one in members.items()}
    if family == "item2vec":
        graph = {
            name: common["settings"].pop(name) for name in ("law", "entrance") if name in settings
        }
        built = ask(
            "graph",
            "build",
            {"store": store, "dataset": snapshot["dataset"], "snapshot": snapshot["uri"], **graph},
        )
        return ask("item2vec", "fit", {**common, "graph": built["uri"]})
    return ask(
        family, "fit", {**common, "dataset": snapshot["dataset"], "snapshot": snapshot["uri"]}
    )


def intervals(evaluations: list[str]) -> dict:
    """Of a fusion, metric by metric, the paired interval over its best member; see
    `tests.benchmarks.paired`.
    """
    done = subprocess.run(
        [str(python("train")), "-m", "tests.benchmarks.paired", *evaluations],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.benchmarks.quality",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--protocol", default="p1-time")
    parser.add_argument("--family", default="item2vec")
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="seeds trained side by side; a seed that is done already is only judged",
    )
    parser.add_argument(
        "--labels", default="test", choices=("test", "validation"), help="validation is for tuning"
    )
    given = parser.parse_args()
    begun = time.monotonic()
    dataset, protocol, settings = recipe(given.protocol, given.family, given.recipe)
    newcomers = protocol.pop("newcomers", False)
    store, snapshot = (state() / "quality").as_uri(), ingest(dataset, protocol)

    def one(seed: int) -> dict:
        started = time.monotonic()
        model = fit(given.family, store, snapshot, settings, seed, given.protocol)
        judged = ask(
            "evaluate",
            "judge",
            {
                "store": store,
                "candidate": model["uri"],
                "snapshot": snapshot["uri"],
                "labels": given.labels,
                "newcomers": newcomers,
                "champion_from_registry": False,
                "track": False,
            },
        )
        print(
            f"seed {seed}: "
            + "  ".join(f"{name} {judged['metrics']['challenger'][name]:.4f}" for name in METRICS)
            + f"  ({judged['users']} users, {model['items']} items, "
            f"{time.monotonic() - started:.0f} s)",
            file=sys.stderr,
            flush=True,
        )
        return judged

    with ThreadPoolExecutor(given.jobs) as pool:
        judged = list(pool.map(one, range(given.seeds)))
    figures, popular = (
        [one["metrics"]["challenger"] for one in judged],
        judged[0]["metrics"]["popularity"],
    )
    print(
        "popularity: " + "  ".join(f"{name} {popular[name]:.4f}" for name in METRICS),
        file=sys.stderr,
        flush=True,
    )
    results = {
        name: {
            "mean": round(statistics.fmean(one[name] for one in figures), 5),
            "sd": round(statistics.stdev([one[name] for one in figures]), 5)
            if len(figures) > 1
            else 0.0,
        }
        for name in METRICS
    }
    print(
        json.dumps(
            {
                "protocol": given.protocol,
                "family": given.family,
                "recipe": given.recipe,
                "labels": given.labels,
                "seeds": given.seeds,
                **results,
                **(
                    {"over_best_member": intervals([one["uri"] for one in judged])}
                    if given.family == "fused"
                    else {}
                ),
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
