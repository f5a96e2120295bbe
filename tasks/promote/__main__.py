"""`python -m tasks.promote gate|policy|promote|restore|force|refuse|status '<request>'`."""

from __future__ import annotations

from tasks.core.cli.command import Verb, run
from tasks.promote.settings import (
    Decision,
    GateRequest,
    PolicyRequest,
    PromoteRequest,
    StatusRequest,
)

VERBS = {
    "gate": Verb(
        GateRequest,
        "tasks.promote.gate.gate:gate",
        "Decide from an evaluation and a policy: promote, hold or ask, with every figure.",
    ),
    "promote": Verb(
        PromoteRequest,
        "tasks.promote.aliases.promote:promote",
        "Carry a verdict out: move the aliases champion and previous.",
    ),
    "policy": Verb(
        PolicyRequest,
        "tasks.promote.status:policy",
        "What a family's challenger must show, as its file was understood.",
    ),
    "force": Verb(
        Decision,
        "tasks.promote.aliases.overrule:force",
        "Make a version the champion whatever its verdict says: a person's decision, with a "
        "reason.",
    ),
    "refuse": Verb(
        Decision,
        "tasks.promote.aliases.overrule:refuse",
        "Never let a version go live: a person's decision, with a reason.",
    ),
    "restore": Verb(
        Decision,
        "tasks.promote.aliases.restore:restore",
        "Bring an earlier version back: champion and previous change places, or a named "
        "version returns.",
    ),
    "status": Verb(
        StatusRequest,
        "tasks.promote.status:status",
        "The versions behind the aliases of every family.",
    ),
}

if __name__ == "__main__":
    raise SystemExit(run("promote", VERBS))
