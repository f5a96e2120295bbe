"""`python -m tasks.mean_of_genres fit '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.mean_of_genres.settings import FitRequest

VERBS = {"fit": Verb(FitRequest, "tasks.mean_of_genres.fit:fit", "make vectors of the genres")}

if __name__ == "__main__":
    raise SystemExit(run("mean_of_genres", VERBS))
