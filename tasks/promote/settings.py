"""The requests of the promote stage; for the policy of the gate see `tasks.promote.gate.policy`."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class GateRequest:
    """Decide on one evaluation."""

    store: str = setting(REQUIRED, "URI of the store.")
    evaluation: str = setting(REQUIRED, "URI of the evaluation.")
    policy: str | None = setting(
        None,
        "TOML file that says what the challenger must show; null: the family's own, else "
        "the default.",
    )
    run: str | None = setting(None, "MLflow run of the challenger; null: found in the registry.")
    version: str | None = setting(
        None, "Registered version of the challenger; null: found in the registry."
    )
    track: bool = setting(
        True, "Write the verdict to MLflow; false: the verdict can be read but not carried out."
    )


@dataclasses.dataclass(frozen=True)
class PolicyRequest:
    """Read the policy of a family."""

    family: str = setting(REQUIRED, "Family of models.")
    policy: str | None = setting(None, "TOML file; null: the family's own, else the default.")


@dataclasses.dataclass(frozen=True)
class Answer:
    """Answer of a person who was asked to approve a verdict."""

    approved: bool = setting(REQUIRED, "Whether the challenger may go live.")
    by: str = setting(REQUIRED, "Who said so.")
    why: str = setting("", "For what reason.")


@dataclasses.dataclass(frozen=True)
class PromoteRequest:
    """Carry out one verdict."""

    store: str = setting(REQUIRED, "URI of the store.")
    verdict: str = setting(REQUIRED, "URI of the verdict.")
    answer: Answer | None = setting(
        None, "What a person said; null: nobody was asked, and `ask` is a hold."
    )
    origin: dict = setting({}, "Who asks: dag_id, run_id, task_id, url.")


@dataclasses.dataclass(frozen=True)
class Decision:
    """Decision of a person, by a form or the command line; the audit record keeps who and why."""

    store: str = setting(REQUIRED, "URI of the store.")
    family: str = setting(REQUIRED, "Family of models.")
    by: str = setting(REQUIRED, "Who decides.")
    why: str = setting(REQUIRED, "For what reason; kept in the audit record.")
    version: str | None = setting(
        None,
        "Registered version it is about; null: previous for `restore`, challenger for "
        "`force` and `refuse`.",
    )
    origin: dict = setting(
        {},
        "Who asks: dag_id, run_id, task_id, url; a second request of the same origin finds "
        "its work done.",
    )

    def __post_init__(self) -> None:
        for name in ("by", "why"):
            if not getattr(self, name).strip():
                raise BadRequest(
                    f"{name} is empty", allowed="a name and a reason that will be read later"
                )


@dataclasses.dataclass(frozen=True)
class StatusRequest:
    """Ask for the aliases."""

    store: str | None = setting(None, "URI of the store; not needed.")
    family: str | None = setting(None, "One family; null: all.")
