"""`python -m tasks.linear fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.linear.settings import FitRequest


def load_fit():
    from tasks.linear.fit import fit

    return fit


VERBS = {"fit": Verb(FitRequest, load_fit, "solve for item vectors and register them as challenger")}

if __name__ == "__main__":
    raise SystemExit(run("linear", VERBS))
