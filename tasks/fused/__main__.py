"""`python -m tasks.fused fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.fused.settings import FitRequest

VERBS = {
    "fit": Verb(
        FitRequest,
        "tasks.fused.fit:fit",
        "weigh the champions of other families, put them side by side and register them as "
        "challenger",
    )
}

if __name__ == "__main__":
    raise SystemExit(run("fused", VERBS))
