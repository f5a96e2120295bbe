"""`python -m tasks.promote gate | policy | promote | restore | force | refuse | status '<request>'`."""

from __future__ import annotations

from tasks.core.command import Verb, run
from tasks.promote.settings import Decision, GateRequest, PolicyRequest, PromoteRequest, StatusRequest


def _gate():
    from tasks.promote.gate import gate

    return gate


def _policy():
    from tasks.promote.status import policy

    return policy


def _force():
    from tasks.promote.overrule import force

    return force


def _refuse():
    from tasks.promote.overrule import refuse

    return refuse


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
    "policy": Verb(PolicyRequest, _policy, "What a family's challenger must show, as its file was understood."),
    "force": Verb(Decision, _force, "Make a version the champion whatever its verdict says: a person's decision, with a reason."),
    "refuse": Verb(Decision, _refuse, "Never let a version go live: a person's decision, with a reason."),
    "restore": Verb(Decision, _restore,
                    "Bring an earlier version back: champion and previous change places, or a named version returns."),
    "status": Verb(StatusRequest, _status, "The versions behind the aliases of every family."),
}

if __name__ == "__main__":
    raise SystemExit(run("promote", VERBS))
