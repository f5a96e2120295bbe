"""`python -m tasks.gru4rec fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.gru4rec.settings import FitRequest

VERBS = {
    "fit": Verb(
        FitRequest,
        "tasks.gru4rec.fit:fit",
        "train a recurrent network on the users' sequences and register it as challenger",
    )
}

if __name__ == "__main__":
    raise SystemExit(run("gru4rec", VERBS))
