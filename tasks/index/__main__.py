"""`python -m tasks.index <verb> <request>`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.index.settings import BuildRequest, BundleRequest

VERBS = {
    "build": Verb(
        BuildRequest, "tasks.index.build:build", "build the FAISS index of a candidate's vectors"
    ),
    "bundle": Verb(
        BundleRequest,
        "tasks.index.bundle:bundle",
        "probe an index against exact search and write the generation that can go live",
    ),
}

if __name__ == "__main__":
    raise SystemExit(run("index", VERBS))
