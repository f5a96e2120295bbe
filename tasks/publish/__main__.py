"""`python -m tasks.publish <verb> <request>`; the server is named by RECALL_REDIS_URL."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.publish.settings import GoLiveRequest, LoadRequest, RollbackRequest, StatusRequest, SweepRequest, VerifyRequest


def _load():
    from tasks.publish.load import load

    return load


def _verify():
    from tasks.publish.verify import verify

    return verify


def _go_live():
    from tasks.publish.go_live import go_live

    return go_live


def _sweep():
    from tasks.publish.sweep import sweep

    return sweep


def _rollback():
    from tasks.publish.rollback import rollback

    return rollback


def _status():
    from tasks.publish.status import status

    return status


VERBS = {
    "load": Verb(LoadRequest, _load, "load a generation into Redis beside the live one"),
    "verify": Verb(VerifyRequest, _verify, "read a loaded generation back and compare it with its folder"),
    "go_live": Verb(GoLiveRequest, _go_live, "point readers at a verified generation, in one atomic step"),
    "sweep": Verb(SweepRequest, _sweep, "delete generations that are neither live, nor the one before, nor on their way"),
    "rollback": Verb(RollbackRequest, _rollback, "point readers back at the generation before, in one atomic step"),
    "status": Verb(StatusRequest, _status, "what is live, since when, by whom; what is kept; keys and memory"),
}

if __name__ == "__main__":
    raise SystemExit(run("publish", VERBS))
