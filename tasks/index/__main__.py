"""`python -m tasks.index <verb> <request>`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.index.settings import BuildRequest, BundleRequest


def _build():
    from tasks.index.build import build

    return build


def _bundle():
    from tasks.index.bundle import bundle

    return bundle


VERBS = {
    "build": Verb(BuildRequest, _build, "build the FAISS index of a candidate's vectors"),
    "bundle": Verb(BundleRequest, _bundle, "probe an index against exact search and write the generation that can go live"),
}

if __name__ == "__main__":
    raise SystemExit(run("index", VERBS))
