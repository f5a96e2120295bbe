"""`python -m tasks.gru4rec fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.gru4rec.settings import FitRequest


def load_fit():
    from tasks.gru4rec.fit import fit

    return fit


VERBS = {"fit": Verb(FitRequest, load_fit, "train a recurrent network on the users' sequences and register it as challenger")}

if __name__ == "__main__":
    raise SystemExit(run("gru4rec", VERBS))
