"""`python -m tasks.two_tower fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.two_tower.settings import FitRequest

VERBS = {
    "fit": Verb(
        FitRequest,
        "tasks.two_tower.fit:fit",
        "train a user tower and an item tower on ids, features and histories and register them "
        "as challenger",
    )
}

if __name__ == "__main__":
    raise SystemExit(run("two_tower", VERBS))
