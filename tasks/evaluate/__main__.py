"""`python -m tasks.evaluate judge '<request>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.evaluate.settings import JudgeRequest

VERBS = {
    "judge": Verb(
        JudgeRequest,
        "tasks.evaluate.judge:judge",
        "Rank held-out rows with a candidate, the champion and the baselines; keep the figures "
        "of every user.",
    )
}

if __name__ == "__main__":
    raise SystemExit(run("evaluate", VERBS))
