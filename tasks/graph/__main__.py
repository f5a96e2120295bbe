"""`python -m tasks.graph build '<request as JSON>'`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.graph.settings import BuildRequest


def load_build():
    from tasks.graph.build import build

    return build


VERBS = {"build": Verb(BuildRequest, load_build, "write the user-item lists over which walks are drawn")}

if __name__ == "__main__":
    raise SystemExit(run("graph", VERBS))
