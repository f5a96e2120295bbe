"""`python -m tasks.tune begin | trial | conclude '<request>'`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.tune.settings import BeginRequest, ConcludeRequest, TrialRequest


def _begin():
    from tasks.tune.begin import begin

    return begin


def _trial():
    from tasks.tune.trial import trial

    return trial


def _conclude():
    from tasks.tune.conclude import conclude

    return conclude


VERBS = {"begin": Verb(BeginRequest, _begin, "Open a study of a family's settings, or find it open."),
         "trial": Verb(TrialRequest, _trial, "Choose settings, train with them, tell the study what validation says."),
         "conclude": Verb(ConcludeRequest, _conclude, "The best settings of a study, with its pictures.")}

if __name__ == "__main__":
    raise SystemExit(run("tune", VERBS))
