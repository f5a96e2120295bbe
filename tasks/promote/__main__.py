"""`python -m tasks.promote gate | promote | restore | status '<request>'`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.promote.settings import GateRequest, PromoteRequest, RestoreRequest, StatusRequest


def _gate():
    from tasks.promote.gate import gate

    return gate


def _promote():
    from tasks.promote.promote import promote

    return promote


def _restore():
    from tasks.promote.restore import restore

    return restore


def _status():
    from tasks.promote.status import status

    return status


VERBS = {
    "gate": Verb(GateRequest, _gate, "Decide from an evaluation and a policy: promote, hold or ask, with every figure."),
    "promote": Verb(PromoteRequest, _promote, "Carry a verdict out: move the aliases champion and previous."),
    "restore": Verb(RestoreRequest, _restore,
                    "Bring an earlier version back: champion and previous change places, or a named version returns."),
    "status": Verb(StatusRequest, _status, "The versions behind the aliases of every family."),
}

if __name__ == "__main__":
    raise SystemExit(run("promote", VERBS))
