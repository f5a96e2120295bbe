"""A poisoned challenger: the newest candidate of a family with its vectors shuffled among the
items, registered like any other.

`python -m tests.chain.poison <store URI> <family>` in the environment `train`; prints the
candidate's URI and its version.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from tasks.core.registry import mlflow_client
from tasks.core.retrieval.candidate import Candidate, save_candidate
from tasks.core.store.store import Store


def main(root: str, family: str) -> None:
    store = Store(root)
    good = store.newest("candidates", family)
    model = Candidate(good)
    order = np.random.default_rng(0).permutation(len(model.vectors))
    with store.writing("candidate", "candidates", family, "poisoned") as draft:
        save_candidate(draft.path, list(model.item_ids), model.vectors[order], model.encoder)
        model.neighbours.save(draft.path)
        draft.counts, draft.facts, draft.lineage = good.counts, good.facts, good.lineage
    uri = store.path("candidates", family, "poisoned").as_uri()
    run = mlflow_client.find_or_start(
        "recall", f"{family} poisoned", "poisoned", {"recall.family": family}
    )
    version = mlflow_client.register(
        family, run, "poisoned", uri, {"recall.day": good.facts["day"]}
    )
    print(json.dumps({"uri": uri, "run": run, "version": version}))


if __name__ == "__main__":
    main(*sys.argv[1:])
