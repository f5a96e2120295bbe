"""`python -m tasks.publish <verb> <request>`; the server is named by RECALL_REDIS_URL."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.publish.settings import (
    GoLiveRequest,
    LoadRequest,
    RollbackRequest,
    StatusRequest,
    SweepRequest,
    VerifyRequest,
)

VERBS = {
    "load": Verb(
        LoadRequest,
        "tasks.publish.load.load:load",
        "load a generation into Redis beside the live one",
    ),
    "verify": Verb(
        VerifyRequest,
        "tasks.publish.load.verify:verify",
        "read a loaded generation back and compare it with its folder",
    ),
    "go_live": Verb(
        GoLiveRequest,
        "tasks.publish.go_live:go_live",
        "point readers at a verified generation, in one atomic step",
    ),
    "sweep": Verb(
        SweepRequest,
        "tasks.publish.sweep:sweep",
        "delete generations that are neither live, nor the one before, nor on their way",
    ),
    "rollback": Verb(
        RollbackRequest,
        "tasks.publish.rollback:rollback",
        "point readers back at the generation before, in one atomic step",
    ),
    "status": Verb(
        StatusRequest,
        "tasks.publish.status:status",
        "what is live, since when, by whom; what is kept; keys and memory",
    ),
}

if __name__ == "__main__":
    raise SystemExit(run("publish", VERBS))
