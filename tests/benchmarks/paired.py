"""The paired interval of a fusion over its best member, from evaluations of several seeds: `python
-m tests.benchmarks.paired <URI> …`.

A user's figure is the mean over the seeds, of the fusion and of each member alike; the best member
is told metric by metric.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pyarrow.parquet as pq

from tasks.promote.gate.bootstrap import paired_differences

METRICS = ("hr_10", "ndcg_10", "recall_50")
CONFIDENCE, RESAMPLES, SEED = 0.95, 10_000, 0


def means(folders: list[Path]) -> dict[str, dict[str, np.ndarray]]:
    """Model → metric → float64 (users), the mean over the evaluations."""
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for folder in folders:
        table = pq.read_table(folder / "per_user.parquet")
        names = np.array(table["model"].to_pylist())
        for model in np.unique(names):
            for metric in METRICS:
                found.setdefault(str(model), {}).setdefault(metric, []).append(
                    table[metric].to_numpy()[names == model]
                )
    return {
        model: {metric: np.mean(of, axis=0) for metric, of in metrics.items()}
        for model, metrics in found.items()
    }


def main() -> int:
    folders = [Path(urlparse(uri).path) for uri in sys.argv[1:]]
    members, models, results = (
        json.loads((folders[0] / "manifest.json").read_text())["facts"]["members"],
        means(folders),
        {},
    )
    for metric in METRICS:
        best = max(members, key=lambda member: models[member][metric].mean())
        one = paired_differences(
            {metric: models["challenger"][metric]},
            {metric: models[best][metric]},
            CONFIDENCE,
            RESAMPLES,
            SEED,
            (metric,),
        )[metric]
        results[metric] = {
            "best_member": best,
            "of_it": round(one.base, 5),
            "difference": round(one.mean, 5),
            "low": round(one.low, 5),
            "high": round(one.high, 5),
            "p": round(one.p, 5),
            "members": {name: round(float(models[name][metric].mean()), 5) for name in members},
        }
    print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
