"""`python -m tasks.tune begin | trial | conclude '<request>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.tune.settings import BeginRequest, ConcludeRequest, TrialRequest

VERBS = {
    "begin": Verb(
        BeginRequest,
        "tasks.tune.begin:begin",
        "Open a study of a family's settings, or find it open.",
    ),
    "trial": Verb(
        TrialRequest,
        "tasks.tune.trial:trial",
        "Choose settings, train with them, tell the study what validation says.",
    ),
    "conclude": Verb(
        ConcludeRequest,
        "tasks.tune.conclude:conclude",
        "The best settings of a study, with its pictures.",
    ),
}

if __name__ == "__main__":
    raise SystemExit(run("tune", VERBS))
