"""`python -m tasks.linear fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.linear.settings import FitRequest

VERBS = {
    "fit": Verb(
        FitRequest, "tasks.linear.fit:fit", "solve for item vectors and register them as challenger"
    )
}

if __name__ == "__main__":
    raise SystemExit(run("linear", VERBS))
