"""`python -m tasks.item2vec fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.item2vec.settings import FitRequest

VERBS = {
    "fit": Verb(
        FitRequest,
        "tasks.item2vec.fit:fit",
        "train item vectors on a graph and register them as challenger",
    )
}

if __name__ == "__main__":
    raise SystemExit(run("item2vec", VERBS))
